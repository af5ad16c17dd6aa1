/** The two definitions against the messages that they carry: core/contracts/messages.ts. */
import { describe, expect, it } from 'vitest';
import { Advance, FinishInput, PlanRequest, Work } from '../../core/contracts/messages.ts';
import { jobMachineDefinition } from '../../infra/constructs/job-machine.ts';
import { sessionMachineDefinition } from '../../infra/constructs/session-machine.ts';

const session = sessionMachineDefinition({
  planQueueUrl: 'https://queues/plan',
  advanceQueueUrl: 'https://queues/advance',
  finishFunctionArn: 'arn:finish',
  liveFinishFunctionArn: 'arn:finish:live',
}).States;
const job = jobMachineDefinition({ advanceQueueUrl: 'https://queues/advance' }).States;

const fields = (body: object): string[] => Object.keys(body).sort();

describe('the state machine of a session', () => {
  it('asks for a plan with the fields of PlanRequest', () => {
    expect(fields(session.Plan.Arguments.MessageBody)).toEqual(
      Object.keys(PlanRequest.shape).sort(),
    );
  });

  it('runs jobs with a token that the advance Lambda understands', () => {
    const body = session.RunJobs.Arguments.MessageBody;

    const message = { ...body, sessionId: 's', run: 1, token: 't' };
    expect(Object.keys(body)).toEqual(['sessionId', 'run', 'token']);
    expect(Advance.safeParse(message).success).toBe(true);
  });

  it('goes to Finish whatever goes wrong before', () => {
    for (const state of [session.Plan, session.RunJobs]) {
      expect(state.Catch).toMatchObject([{ ErrorEquals: ['States.ALL'], Next: 'Finish' }]);
    }
  });

  it('calls Finish with the fields of FinishInput', () => {
    for (const state of [session.Finish, session.FinishLive]) {
      for (const field of Object.keys(FinishInput.shape)) {
        expect(state.Arguments.Payload).toContain(`'${field}':`);
      }
    }
  });

  it('calls the live version when the one that the definition names was deleted, and for nothing else', () => {
    const gone = ['Lambda.ResourceNotFoundException'];

    expect(session.Finish.Arguments.FunctionName).toBe('arn:finish');
    expect(session.Finish.Retry[0]).toEqual({ ErrorEquals: gone, MaxAttempts: 0 });
    expect(session.Finish.Catch).toEqual([
      { ErrorEquals: gone, Output: '{% $states.input %}', Next: 'FinishLive' },
    ]);
    expect(session.FinishLive.Arguments.FunctionName).toBe('arn:finish:live');
  });

  it('skips the jobs when there are none', () => {
    expect(session.AnyJobs).toMatchObject({
      Choices: [{ Condition: '{% $states.input.jobs = 0 %}', Next: 'Finish' }],
      Default: 'RunJobs',
    });
  });
});

describe('the state machine of a job', () => {
  it('dispatches the fields of Work to the queue of the input', () => {
    expect(fields(job.Dispatch.Arguments.MessageBody)).toEqual(Object.keys(Work.shape).sort());
    expect(job.Dispatch.Arguments.QueueUrl).toContain('Execution.Input.queueUrl');
  });

  it('reports however the dispatch ended', () => {
    expect(job.Dispatch.Next).toBe('Report');
    expect(job.Dispatch.Catch).toMatchObject([{ ErrorEquals: ['States.ALL'], Next: 'Report' }]);
    expect(fields(job.Report.Arguments.MessageBody)).toEqual(['jobId', 'run', 'sessionId']);
  });

  it('gives a token up before the queue loses its message', () => {
    expect(job.Dispatch.TimeoutSeconds).toBeLessThan(14 * 86_400);
  });
});
