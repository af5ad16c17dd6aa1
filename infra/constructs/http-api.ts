/**
 * The address of REST API and console. On AWS every request of the API has a token; in the embedded cloud it is open
 * on the loopback address. The console's files are everybody's: they have to be there before anybody can sign in.
 */
import { Lazy } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  HttpApi,
  HttpMethod,
  HttpNoneAuthorizer,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { Function as LambdaFunction, IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { CONSOLE_FILES, type ConsoleSettings } from '../../core/contracts/console.ts';
import { ENV } from '../../core/contracts/names.ts';
import type { SiteConfig } from '../config.ts';
import { acknowledge } from './acknowledge.ts';
import { apiIdentity } from './api-identity.ts';
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

/** Its files at `/` and below `/console`, by a function that may do nothing else. */
const addConsole = (api: HttpApi, handler: LambdaFunction, settings: ConsoleSettings): void => {
  handler.addEnvironment(ENV.consoleSettings, api.stack.toJsonString(settings));
  const integration = new HttpLambdaIntegration('Console', handler);
  for (const path of ['/', `${CONSOLE_FILES}/{file}`]) {
    const routes = api.addRoutes({
      path,
      methods: [HttpMethod.GET],
      integration,
      authorizer: new HttpNoneAuthorizer(),
    });
    for (const route of routes) {
      acknowledge(route, {
        'AwsSolutions-APIG4':
          'The files of the console are the same for everybody and have nothing of a patient; whoever opens them signs in before the API answers.',
      });
    }
  }
};

/** Without a way to sign in, a console would only be a page that everybody can open and nobody can use. */
export const hasConsole = ({ profile, api: { identity } }: SiteConfig): boolean =>
  profile === 'embedded' || identity.kind === 'cognito' || identity.console !== undefined;

export const httpApi = (
  scope: Construct,
  id: string,
  config: SiteConfig,
  { api: handler, console }: { readonly api: IFunction; readonly console?: LambdaFunction },
): HttpApi => {
  const embedded = config.profile === 'embedded';
  const address = Lazy.string({ produce: () => `${api.apiEndpoint}/` });
  const identity = embedded ? undefined : apiIdentity(scope, config, address);
  const api: HttpApi = new HttpApi(scope, id, {
    apiName: `${config.deployment}-api`,
    defaultIntegration: new HttpLambdaIntegration('Api', handler),
    ...(identity === undefined
      ? {}
      : { defaultAuthorizer: identity.authorizer, createDefaultStage: false }),
  });
  if (console !== undefined) addConsole(api, console, { signIn: identity?.signIn ?? null });
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
