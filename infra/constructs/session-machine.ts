/**
 * The state machine `session`: plan, wait for the jobs, finish. Both waits are answered by a Lambda behind a
 * queue, so no Lambda waits with a token. Whatever goes wrong ends in Finish, with the error as its input.
 */
import { aslExecution, REPORT_RETRY, SEND_AND_WAIT, SEND_RETRY, TOKEN } from './states-language.ts';

export interface SessionMachineTargets {
  readonly planQueueUrl: string;
  readonly advanceQueueUrl: string;
  /** In the version that the definition was made with. */
  readonly finishFunctionArn: string;
  /** Whatever version is there when that one is not. */
  readonly liveFinishFunctionArn: string;
}

const DAY = 86_400;

const CATCH_ALL = [
  {
    ErrorEquals: ['States.ALL'],
    Output: {
      error: {
        name: '{% $states.errorOutput.Error %}',
        cause: "{% $exists($states.errorOutput.Cause) ? $states.errorOutput.Cause : '' %}",
      },
    },
    Next: 'Finish',
  },
];

const FINISH = {
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke',
  Output: {},
  End: true,
};
const FINISH_PAYLOAD =
  "{% $merge([{'sessionId': $states.context.Execution.Input.sessionId, 'run': $states.context.Execution.Input.run}, " +
  "$exists($states.input.error) ? {'error': $states.input.error} : {}]) %}";

/** Somebody has deleted the version. */
const VERSION_GONE = ['Lambda.ResourceNotFoundException'];

/** The definition in the Amazon States Language, for inputs of the shape SessionInput. */
export const sessionMachineDefinition = (targets: SessionMachineTargets) => ({
  Comment: 'One run of one session: plan, run its jobs, finish.',
  QueryLanguage: 'JSONata',
  StartAt: 'Plan',
  States: {
    Plan: {
      Type: 'Task',
      Comment: 'The plan Lambda answers with the number of jobs.',
      Resource: SEND_AND_WAIT,
      Arguments: {
        QueueUrl: targets.planQueueUrl,
        MessageBody: {
          sessionId: aslExecution('sessionId'),
          run: aslExecution('run'),
          token: TOKEN,
        },
      },
      TimeoutSeconds: DAY,
      Retry: SEND_RETRY,
      Catch: CATCH_ALL,
      Next: 'AnyJobs',
    },
    AnyJobs: {
      Type: 'Choice',
      Choices: [{ Condition: '{% $states.input.jobs = 0 %}', Next: 'Finish' }],
      Default: 'RunJobs',
    },
    RunJobs: {
      Type: 'Task',
      Comment: 'The advance Lambda answers when post-services has ended.',
      Resource: SEND_AND_WAIT,
      Arguments: {
        QueueUrl: targets.advanceQueueUrl,
        MessageBody: {
          sessionId: aslExecution('sessionId'),
          // The token of a run that was given up must not take the place of a later one's.
          run: aslExecution('run'),
          token: TOKEN,
        },
      },
      // Longer than any chain of jobs that each wait out their own limit.
      TimeoutSeconds: 60 * DAY,
      Retry: SEND_RETRY,
      Catch: CATCH_ALL,
      Next: 'Finish',
    },
    Finish: {
      ...FINISH,
      Arguments: { FunctionName: targets.finishFunctionArn, Payload: FINISH_PAYLOAD },
      Retry: [{ ErrorEquals: VERSION_GONE, MaxAttempts: 0 }, ...REPORT_RETRY],
      Catch: [{ ErrorEquals: VERSION_GONE, Output: '{% $states.input %}', Next: 'FinishLive' }],
    },
    FinishLive: {
      ...FINISH,
      Comment: 'A session ends even when the version that should end it was deleted.',
      Arguments: { FunctionName: targets.liveFinishFunctionArn, Payload: FINISH_PAYLOAD },
      Retry: REPORT_RETRY,
    },
  },
});
