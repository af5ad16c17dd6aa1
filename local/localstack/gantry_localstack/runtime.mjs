/**
 * A runtime for Node functions: as much of the Lambda runtime API (2018-06-01) as functions with a promise or a
 * callback need. LocalStack itself runs AWS's image with Docker.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`;

const post = (path, body) =>
  fetch(`${api}/${path}`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json' },
  });

const errorDocument = (error) =>
  JSON.stringify({
    errorType: error?.name ?? 'Error',
    errorMessage: String(error?.message ?? error),
    trace: String(error?.stack ?? '').split('\n'),
  });

const loadHandler = async () => {
  const name = process.env._HANDLER;
  const dot = name.lastIndexOf('.');
  const base = resolve(process.env.LAMBDA_TASK_ROOT, name.slice(0, dot));
  const file = ['.mjs', '.cjs', '.js'].map((ending) => base + ending).find(existsSync);
  if (file === undefined) throw new Error(`Runtime.ImportModuleError: no module ${base}`);
  const module = await import(pathToFileURL(file));
  const handler = module[name.slice(dot + 1)] ?? module.default?.[name.slice(dot + 1)];
  if (typeof handler !== 'function') throw new Error(`Runtime.HandlerNotFound: ${name}`);
  return handler;
};

const contextOf = (headers) => {
  const deadline = Number(headers.get('lambda-runtime-deadline-ms'));
  return {
    awsRequestId: headers.get('lambda-runtime-aws-request-id'),
    invokedFunctionArn: headers.get('lambda-runtime-invoked-function-arn'),
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
};

let handler;
try {
  handler = await loadHandler();
} catch (error) {
  console.error(error);
  await post('init/error', errorDocument(error));
  process.exit(1);
}

for (;;) {
  const next = await fetch(`${api}/invocation/next`).catch(() => undefined);
  // The server has gone, or says that this environment is to end.
  if (next?.status !== 200) process.exit(0);
  const context = contextOf(next.headers);
  const invocation = `invocation/${context.awsRequestId}`;
  try {
    const result = await handler(await next.json(), context);
    await post(`${invocation}/response`, JSON.stringify(result) ?? 'null');
  } catch (error) {
    console.error(error);
    await post(`${invocation}/error`, errorDocument(error));
  }
}
