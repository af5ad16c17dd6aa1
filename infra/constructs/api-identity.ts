/**
 * Who may call the API: people and programs with a token of the hospital's own identity provider, or of a Cognito
 * user pool that belongs to the deployment. Tokens are checked before any code of ours runs.
 */
import { Aws, CfnOutput, Duration, Fn, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { HttpJwtAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import {
  FeaturePlan,
  Mfa,
  OAuthScope,
  ResourceServerScope,
  StandardThreatProtectionMode,
  UserPool,
} from 'aws-cdk-lib/aws-cognito';
import type { Construct } from 'constructs';
import type { SignInSettings } from '../../core/contracts/console.ts';
import { SIGN_IN_ANSWER } from '../../core/contracts/names.ts';
import type { SiteConfig } from '../config.ts';

/** Long enough for a working session, short enough for a token that got away. */
const TOKEN_LIFE = Duration.hours(1);

export interface ApiIdentity {
  readonly authorizer: HttpJwtAuthorizer;
  /** How a person signs in who opened the console; undefined if the site does not say. */
  readonly signIn: SignInSettings | undefined;
}

const userPool = (scope: Construct, { deployment }: SiteConfig): UserPool =>
  new UserPool(scope, 'Users', {
    userPoolName: deployment,
    // Accounts are made by an administrator.
    selfSignUpEnabled: false,
    signInAliases: { email: true },
    mfa: Mfa.REQUIRED,
    mfaSecondFactor: { otp: true, sms: false },
    passwordPolicy: {
      minLength: 14,
      requireDigits: true,
      requireLowercase: true,
      requireUppercase: true,
      requireSymbols: true,
    },
    featurePlan: FeaturePlan.PLUS,
    standardThreatProtectionMode: StandardThreatProtectionMode.FULL_FUNCTION,
    deletionProtection: true,
    removalPolicy: RemovalPolicy.RETAIN,
  });

const cognito = (
  scope: Construct,
  config: SiteConfig,
  domainPrefix: string | undefined,
  consoleAddress: string,
): ApiIdentity => {
  const pool = userPool(scope, config);
  const people = pool.addClient('People', {
    generateSecret: false,
    preventUserExistenceErrors: true,
    accessTokenValidity: TOKEN_LIFE,
    idTokenValidity: TOKEN_LIFE,
    refreshTokenValidity: Duration.hours(12),
    oAuth: {
      flows: { authorizationCodeGrant: true },
      scopes: [OAuthScope.OPENID],
      callbackUrls: [
        `http://localhost:${SIGN_IN_ANSWER.port}${SIGN_IN_ANSWER.path}`,
        consoleAddress,
      ],
    },
  });
  const use = new ResourceServerScope({ scopeName: 'use', scopeDescription: 'Call the API' });
  const api = pool.addResourceServer('Api', { identifier: config.deployment, scopes: [use] });
  const programs = pool.addClient('Programs', {
    generateSecret: true,
    accessTokenValidity: TOKEN_LIFE,
    oAuth: {
      flows: { clientCredentials: true },
      scopes: [OAuthScope.resourceServer(api, use)],
    },
  });
  const domain = pool.addDomain('SignIn', {
    cognitoDomain: {
      domainPrefix: domainPrefix ?? Fn.join('-', [config.deployment, Aws.ACCOUNT_ID]),
    },
  });
  const issuer = `https://cognito-idp.${Stack.of(scope).region}.amazonaws.com/${pool.userPoolId}`;
  const outputs = {
    UserPoolId: pool.userPoolId,
    SignInAddress: domain.baseUrl(),
    Issuer: issuer,
    PeopleClientId: people.userPoolClientId,
    ProgramsClientId: programs.userPoolClientId,
  };
  for (const [name, value] of Object.entries(outputs)) new CfnOutput(scope, name, { value });
  return {
    authorizer: new HttpJwtAuthorizer('Identity', issuer, {
      jwtAudience: [people.userPoolClientId, programs.userPoolClientId],
    }),
    signIn: {
      authorizationEndpoint: `${domain.baseUrl()}/oauth2/authorize`,
      tokenEndpoint: `${domain.baseUrl()}/oauth2/token`,
      clientId: people.userPoolClientId,
      scope: 'openid',
    },
  };
};

/** `consoleAddress`: where the sign-in page sends people back to. */
export const apiIdentity = (
  scope: Construct,
  config: SiteConfig,
  consoleAddress: string,
): ApiIdentity => {
  const { identity } = config.api;
  return identity.kind === 'cognito'
    ? cognito(scope, config, identity.domainPrefix, consoleAddress)
    : {
        authorizer: new HttpJwtAuthorizer('Identity', identity.issuer, {
          jwtAudience: [...identity.audience],
        }),
        signIn: identity.console,
      };
};
