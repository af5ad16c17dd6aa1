/**
 * SDK clients, made once per process. The endpoint, region and credentials come from the environment
 * (AWS_ENDPOINT_URL selects the embedded cloud), so the same code runs there and on AWS.
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

/** Instead of those of the environment. */
export interface OwnCredentials {
  readonly credentials?: () => Promise<{
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken: string;
    readonly expiration: Date;
  }>;
}

export const documentClient = (own: OwnCredentials = {}): DynamoDBDocumentClient =>
  DynamoDBDocumentClient.from(new DynamoDBClient({ ...own }), {
    marshallOptions: { removeUndefinedValues: true },
  });

/**
 * Path-style addressing when an endpoint is given: a loopback address has no bucket subdomains. On AWS the
 * usual virtual-hosted style holds.
 */
export const objectClient = (environment: NodeJS.ProcessEnv, own: OwnCredentials = {}): S3Client =>
  new S3Client({ ...own, forcePathStyle: environment['AWS_ENDPOINT_URL'] !== undefined });
