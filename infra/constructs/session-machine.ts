/**
 * The state machine `session`: plan, wait for the jobs, finish. Both waits are answered by a Lambda behind a
 * queue, so no Lambda waits with a token. Whatever goes wrong ends in Finish, with the error as its input.
 */
import { aslExecution, REPORT_RETRY, SEND_AND_WAIT, SEND_RETRY, TOKEN } from './states-language.ts';

export interface SessionMachineTargets {
  readonly planQueueUrl: string;
  readonly advanceQueueUrl: string;
  readonly finishFunctionArn: string;
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
      Type: 'Task',
      Resource: 'arn:aws:states:::lambda:invoke',
      Arguments: {
        FunctionName: targets.finishFunctionArn,
        Payload:
          "{% $merge([{'sessionId': $states.context.Execution.Input.sessionId, 'run': $states.context.Execution.Input.run}, " +
          "$exists($states.input.error) ? {'error': $states.input.error} : {}]) %}",
      },
      Retry: REPORT_RETRY,
      Output: {},
      End: true,
    },
  },
});
