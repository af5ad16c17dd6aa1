/** What the account allows and has: Service Quotas, task definitions of ECS, images of ECR. Reads only. */
import { DescribeImagesCommand, type ECRClient } from '@aws-sdk/client-ecr';
import { DescribeTaskDefinitionCommand, type ECSClient } from '@aws-sdk/client-ecs';
import {
  GetAWSDefaultServiceQuotaCommand,
  GetServiceQuotaCommand,
  type ServiceQuotasClient,
} from '@aws-sdk/client-service-quotas';
import type { Account } from '../core/operations/account-checks.ts';

/** `ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG`, or `@DIGEST` at its end. */
const PRIVATE_IMAGE =
  /^(?<registry>\d{12})\.dkr\.ecr\.[a-z0-9-]+\.[a-z.]+\/(?<repository>[^:@]+)(?:@(?<digest>sha256:[0-9a-f]{64})|:(?<tag>[^:@]+))$/;

const isNamed = (error: unknown, ...names: readonly string[]): boolean =>
  error instanceof Error && names.includes(error.name);

export const awsAccount = (
  quotas: ServiceQuotasClient,
  ecs: ECSClient,
  ecr: ECRClient,
): Account => {
  const appliedQuota = async (ServiceCode: string, QuotaCode: string) => {
    try {
      const { Quota } = await quotas.send(new GetServiceQuotaCommand({ ServiceCode, QuotaCode }));
      return Quota?.Value;
    } catch (error) {
      // Nobody has changed it in this account: the default counts.
      if (isNamed(error, 'NoSuchResourceException')) return undefined;
      throw error;
    }
  };
  const defaultQuota = async (ServiceCode: string, QuotaCode: string) => {
    try {
      const command = new GetAWSDefaultServiceQuotaCommand({ ServiceCode, QuotaCode });
      return (await quotas.send(command)).Quota?.Value;
    } catch (error) {
      if (isNamed(error, 'NoSuchResourceException')) return undefined;
      throw error;
    }
  };
  /** Images of other registries are not this account's to look at. */
  const isThere = async (image: string): Promise<boolean> => {
    const { registry, repository, digest, tag } = PRIVATE_IMAGE.exec(image)?.groups ?? {};
    if (repository === undefined) return true;
    const imageId = digest === undefined ? { imageTag: tag } : { imageDigest: digest };
    try {
      const { imageDetails = [] } = await ecr.send(
        new DescribeImagesCommand({
          registryId: registry,
          repositoryName: repository,
          imageIds: [imageId],
        }),
      );
      return imageDetails.length > 0;
    } catch (error) {
      if (isNamed(error, 'ImageNotFoundException', 'RepositoryNotFoundException')) return false;
      throw error;
    }
  };
  return {
    quota: async (service, code) =>
      (await appliedQuota(service, code)) ?? defaultQuota(service, code),
    missingImages: async (family) => {
      const command = new DescribeTaskDefinitionCommand({ taskDefinition: family });
      const { taskDefinition } = await ecs.send(command);
      const images = (taskDefinition?.containerDefinitions ?? []).flatMap(
        ({ image }) => image ?? [],
      );
      const missing: string[] = [];
      for (const image of images) if (!(await isThere(image))) missing.push(image);
      return { images: images.length, missing };
    },
  };
};
