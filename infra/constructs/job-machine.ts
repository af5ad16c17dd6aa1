/**
 * The state machine `job`: one run of one job. Dispatch puts the work with its task token into the queue that
 * the input names; the runner answers it. However that ends, Report tells `advance`: state, result and error
 * are in the job's item.
 */
import { aslExecution, REPORT_RETRY, SEND_AND_WAIT, SEND_RETRY, TOKEN } from './states-language.ts';

/** Shorter than the queue keeps a message (14 days): no message outlives its token. */
const LONGEST_WAIT_SECONDS = 12 * 86_400;

/** The definition in the Amazon States Language, for inputs of the shape JobInput. */
export const jobMachineDefinition = (targets: { readonly advanceQueueUrl: string }) => ({
  Comment: 'One run of one job: dispatch it, wait for its runner, report.',
  QueryLanguage: 'JSONata',
  StartAt: 'Dispatch',
  States: {
    Dispatch: {
      Type: 'Task',
      Resource: SEND_AND_WAIT,
      Arguments: {
        QueueUrl: aslExecution('queueUrl'),
        DelaySeconds: aslExecution('delaySeconds'),
        MessageBody: {
          sessionId: aslExecution('sessionId'),
          jobId: aslExecution('jobId'),
          run: aslExecution('run'),
          token: TOKEN,
        },
      },
      TimeoutSeconds: LONGEST_WAIT_SECONDS,
      Retry: SEND_RETRY,
      Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Report' }],
      Next: 'Report',
    },
    Report: {
      Type: 'Task',
      Resource: 'arn:aws:states:::sqs:sendMessage',
      Arguments: {
        QueueUrl: targets.advanceQueueUrl,
        MessageBody: {
          sessionId: aslExecution('sessionId'),
          jobId: aslExecution('jobId'),
          run: aslExecution('run'),
        },
      },
      Retry: REPORT_RETRY,
      Output: {},
      End: true,
    },
  },
});
