/**
 * The secret with the certificate and key of the listener's TLS port. It is made empty: what is in it is a person's, so
 * no deployment writes it, and the key is never in a template. The listener reads it again and again.
 */
import { RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { CfnSecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import type { SiteConfig } from '../config.ts';
import { acknowledge } from './acknowledge.ts';

/**
 * Its ARN. The construct of the level above would fill it with a random password, and let the whole account use
 * `key` through Secrets Manager.
 */
export const tlsSecret = (
  scope: Construct,
  id: string,
  { deployment }: SiteConfig,
  key: IKey | undefined,
): string => {
  const secret = new CfnSecret(scope, id, {
    description: `${deployment}: certificate and key of the listener's TLS port, as "gantry tls-secret" prints them`,
    ...(key === undefined ? {} : { kmsKeyId: key.keyArn }),
  });
  secret.applyRemovalPolicy(RemovalPolicy.RETAIN);
  const rotation =
    'A certificate is renewed by who issues it. The listener takes a new version within five minutes; an alarm tells 30 days before the end.';
  acknowledge(secret, {
    'AwsSolutions-SMG4': rotation,
    'HIPAA.Security-SecretsManagerRotationEnabled': rotation,
  });
  return secret.ref;
};
