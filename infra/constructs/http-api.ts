/** The REST API's address. On AWS every request has a token; in the embedded cloud it is open on the loopback address. */
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import { HttpApi, LogGroupLogDestination } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { SiteConfig } from '../config.ts';
import { apiAuthorizer } from './api-identity.ts';
import { programLogs } from './logging.ts';

/** Who asked when, and how it went. Paths and queries may hold UIDs, which are identifiers of patients. */
const ACCESS_LOG = AccessLogFormat.custom(
  JSON.stringify({
    requestId: '$context.requestId',
    time: '$context.requestTime',
    subject: '$context.authorizer.claims.sub',
    client: '$context.authorizer.claims.client_id',
    sourceIp: '$context.identity.sourceIp',
    method: '$context.httpMethod',
    status: '$context.status',
    bytes: '$context.responseLength',
    milliseconds: '$context.responseLatency',
    refused: '$context.authorizer.error',
  }),
);

export const httpApi = (
  scope: Construct,
  id: string,
  config: SiteConfig,
  handler: IFunction,
): HttpApi => {
  const embedded = config.profile === 'embedded';
  const api = new HttpApi(scope, id, {
    apiName: `${config.deployment}-api`,
    defaultIntegration: new HttpLambdaIntegration('Api', handler),
    ...(embedded
      ? {}
      : { defaultAuthorizer: apiAuthorizer(scope, config), createDefaultStage: false }),
  });
  if (!embedded) {
    api.addStage('Stage', {
      stageName: '$default',
      autoDeploy: true,
      // One caller that runs wild must not take the functions of the account.
      throttle: { rateLimit: 100, burstLimit: 200 },
      accessLogSettings: {
        destination: new LogGroupLogDestination(
          programLogs(scope, 'ApiAccessLogs', config, 'api-access'),
        ),
        format: ACCESS_LOG,
      },
    });
  }
  return api;
};
