/**
 * Versions of the functions and state machines that work for sessions. A new one is published when code or settings
 * change, and the ones before are kept, because sessions that began with them end with them. A version that was made
 * by a deployment which was rolled back goes again, or Lambda would refuse to publish the same code another time.
 * The embedded cloud ends with all that runs in it, and has no versions.
 */
import { Fn, Lazy, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { Alias, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import {
  CfnStateMachineVersion,
  type CfnStateMachine,
  type StateMachine,
} from 'aws-cdk-lib/aws-stepfunctions';
import { shortHash } from '../../core/contracts/keys.ts';
import {
  LIVE,
  type PlatformVersions,
  type SessionFunction,
} from '../../core/contracts/platform-versions.ts';
import type { SiteConfig } from '../config.ts';

/** Of versions: kept unless the deployment that made them failed. */
export const KEPT = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE;

const hasVersions = ({ profile }: SiteConfig): boolean => profile !== 'embedded';

/** What event sources call: the alias that follows the newest version. */
export const liveVersion = (config: SiteConfig, holder: LambdaFunction): Alias | LambdaFunction =>
  hasVersions(config) ? holder.addAlias(LIVE) : holder;

/** The ARN to write where the code of this deployment is meant, whatever is deployed later. */
export const thisVersionArn = (config: SiteConfig, holder: LambdaFunction): string =>
  hasVersions(config) ? holder.currentVersion.functionArn : holder.functionArn;

/**
 * Undefined without versions. Its logical id has a hash of the machine's settings: with it changes whatever refers to
 * it, or a function would get its ARN without a new version of the function being published.
 */
export const machineVersion = (
  config: SiteConfig,
  machine: StateMachine,
): CfnStateMachineVersion | undefined => {
  if (!hasVersions(config)) return undefined;
  const stack = Stack.of(machine);
  const version = new CfnStateMachineVersion(machine, 'Version', {
    stateMachineArn: machine.stateMachineArn,
    // An update is seen everywhere after a moment only: nothing older may be published in its place.
    stateMachineRevisionId: machine.stateMachineRevisionId,
  });
  const settings = machine.node.defaultChild as CfnStateMachine;
  const id = stack.getLogicalId(version);
  version.overrideLogicalId(
    Lazy.uncachedString({
      produce: () => {
        const { definitionString, roleArn, loggingConfiguration, tracingConfiguration } = settings;
        const all = [definitionString, roleArn, loggingConfiguration, tracingConfiguration];
        return `${id}${shortHash(JSON.stringify(stack.resolve(all)), 16)}`;
      },
    }),
  );
  version.applyRemovalPolicy(KEPT);
  return version;
};

/** arn:…:stateMachine:NAME:VERSION */
const numberOf = (version: CfnStateMachineVersion): string =>
  Fn.select(7, Fn.split(':', version.ref));

export interface SessionVersions {
  readonly functions: Readonly<Record<SessionFunction, LambdaFunction>>;
  readonly sessionMachine: CfnStateMachineVersion | undefined;
  readonly jobMachine: CfnStateMachineVersion | undefined;
}

/** The JSON that is told to whoever creates sessions; undefined without versions. */
export const versionsOfSessions = (
  stack: Stack,
  { functions, sessionMachine, jobMachine }: SessionVersions,
): string | undefined => {
  if (sessionMachine === undefined || jobMachine === undefined) return undefined;
  const versions: PlatformVersions = {
    plan: functions.plan.currentVersion.version,
    advance: functions.advance.currentVersion.version,
    tasks: functions.tasks.currentVersion.version,
    sessionMachine: numberOf(sessionMachine),
    jobMachine: numberOf(jobMachine),
  };
  return stack.toJsonString(versions);
};
