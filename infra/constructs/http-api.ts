/** The REST API's address. On AWS every request is signed; in the embedded cloud it is open on the loopback address. */
import { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { SiteConfig } from '../config.ts';

export const httpApi = (
  scope: Construct,
  id: string,
  config: SiteConfig,
  handler: IFunction,
): HttpApi =>
  new HttpApi(scope, id, {
    apiName: `${config.deployment}-api`,
    defaultIntegration: new HttpLambdaIntegration('Api', handler),
    ...(config.profile === 'aws' ? { defaultAuthorizer: new HttpIamAuthorizer() } : {}),
  });
