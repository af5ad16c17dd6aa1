#!/bin/bash
# Makes the image of a docker worker, in CodeBuild: builds it from the worker's package, or copies the one that the
# package names, into the deployment's repository; an image that is in this registry already stays where it is.
# Whatever happens, the result object says what came of it: the image by its digest, or the last words.
#
# BUCKET, PACKAGE_KEY, RESULT_KEY, REPOSITORY, TAG; IMAGE, or DOCKERFILE and BUILD_ARGUMENTS (a JSON array of texts).
set -uo pipefail
work=$(mktemp -d)
cd "$work" || exit 1

registry=${REPOSITORY%%/*}
target=$REPOSITORY:$TAG

make_image() {
  aws ecr get-login-password | docker login --username AWS --password-stdin "$registry" || return
  if [ -n "${DOCKERFILE:-}" ]; then
    aws s3 cp --only-show-errors "s3://$BUCKET/$PACKAGE_KEY" package.zip || return
    unzip -q package.zip -d package || return
    mapfile -t arguments < <(jq -r '.[] | @base64' <<<"${BUILD_ARGUMENTS:-[]}")
    for i in "${!arguments[@]}"; do arguments[i]=$(base64 -d <<<"${arguments[i]}"); done
    docker build --platform linux/amd64 --pull "${arguments[@]}" \
      --file "package/$DOCKERFILE" --tag "$target" package || return
  else
    docker pull --platform linux/amd64 "$IMAGE" || return
    if [ "${IMAGE%%/*}" = "$registry" ]; then
      target=$IMAGE
    else
      docker tag "$IMAGE" "$target" || return
    fi
  fi
  [ "$target" = "${IMAGE:-}" ] || docker push "$target" || return
  # One that was copied is known by two digests: that of this registry counts.
  docker inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$target" \
    | grep "^$registry/" | head -n 1 > reference
  [ -s reference ] || { echo "the registry tells no digest of $target"; return 1; }
}

make_image > >(tee log) 2>&1
status=$?
wait
if [ $status = 0 ]; then
  jq -n --arg reference "$(cat reference)" '{reference: $reference}' > result.json
else
  jq -n --arg error "$(tail -n 30 log | tail -c 4000)" '{error: $error}' > result.json
fi
aws s3 cp --only-show-errors result.json "s3://$BUCKET/$RESULT_KEY" || exit 1
exit $status
