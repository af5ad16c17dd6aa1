/** Secrets Manager as Secrets. */
import {
  GetSecretValueCommand,
  ResourceNotFoundException,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import type { Secrets } from '../core/contracts/ports.ts';

export const managedSecrets = (client: SecretsManagerClient): Secrets => ({
  text: async (id) => {
    try {
      const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: id }));
      return SecretString;
    } catch (error) {
      // One that a deployment has made and nobody has filled answers like one that is not there.
      if (error instanceof ResourceNotFoundException) return undefined;
      throw error;
    }
  },
});
