/** Pieces of the Amazon States Language (JSONata) that the state machines share. */

/** A field of the execution's input: it stays the same in every state. */
export const aslExecution = (field: string): string =>
  `{% $states.context.Execution.Input.${field} %}`;

/** The task token of the state that waits. */
export const TOKEN = '{% $states.context.Task.Token %}';

export const SEND_AND_WAIT = 'arn:aws:states:::sqs:sendMessage.waitForTaskToken';

/** Only when the message was not sent: a timeout or an answered failure is not repeated. */
export const SEND_RETRY = [
  {
    ErrorEquals: ['SQS.SdkClientException', 'SQS.AmazonSQSException', 'SQS.SqsException'],
    IntervalSeconds: 1,
    BackoffRate: 2,
    MaxAttempts: 6,
    MaxDelaySeconds: 30,
  },
];

/** Of what tells the end of an execution, which nobody tells again: whatever it fails with. */
export const REPORT_RETRY = [
  {
    ErrorEquals: ['States.ALL'],
    IntervalSeconds: 1,
    BackoffRate: 2,
    MaxAttempts: 8,
    MaxDelaySeconds: 60,
  },
];
