/** Services: packages with processing code, and the site's changes of their parameters. */
import { randomUUID } from 'node:crypto';
import {
  Installation,
  InstallRequest,
  JobChoice,
  ParameterChange,
  Service,
  ServicePage,
  toService,
  Upload,
} from '../../../core/contracts/api-packages.ts';
import type { JobDefinition, ServiceItem } from '../../../core/contracts/configuration.ts';
import { isoTime } from '../../../core/contracts/day.ts';
import { objectKeys } from '../../../core/contracts/object-keys.ts';
import { isParameterKey, withParameter } from '../../../core/packages/parameters.ts';
import { changeWhole } from '../change-whole.ts';
import type { ApiContext } from '../context.ts';
import { installService } from '../install-service.ts';
import { pageOfList, Paging } from '../paging.ts';
import { ApiProblem, notFound } from '../problems.ts';
import { route } from '../router.ts';

/** How long an archive can be uploaded after it was announced. */
const UPLOAD_SECONDS = 900;

const getService = async ({ configuration }: ApiContext, name: string): Promise<ServiceItem> => {
  const item = await configuration.services.get(name);
  if (item === undefined) throw notFound('service', name);
  return item;
};

interface ServiceChange {
  /** Undefined: all jobs. */
  readonly jobName: string | undefined;
  readonly change: (job: JobDefinition) => JobDefinition;
  /** Of the service itself; else it stays as it is. */
  readonly disabled?: boolean | undefined;
}

/** Somebody may change another of its jobs, or install another version, at the same moment: neither is lost. */
const changeJobs = (
  context: ApiContext,
  name: string,
  { jobName, change, disabled }: ServiceChange,
): Promise<ServiceItem> =>
  changeWhole(context, async () => {
    const service = await getService(context, name);
    if (jobName !== undefined && !service.jobs.some((job) => job.jobName === jobName)) {
      throw new ApiProblem('not-found', [
        {
          message: `the service ${service.name} has no job "${jobName}"`,
          remedy: `its jobs: ${service.jobs.map((job) => job.jobName).join(', ')}`,
        },
      ]);
    }
    const item: ServiceItem = {
      ...service,
      disabled: disabled ?? service.disabled,
      updatedAt: context.clock(),
      jobs: service.jobs.map((job) =>
        jobName === undefined || job.jobName === jobName ? change(job) : job,
      ),
    };
    return { writes: [{ kind: 'SERVICE', name, service: item }], answer: item };
  });

const switchRoute = (word: 'disable' | 'enable', disabled: boolean) =>
  route({
    method: 'POST',
    path: `/services/{name}/${word}`,
    operation: `${word}Service`,
    summary: disabled
      ? 'From the next session on, the service or one of its jobs does not run'
      : 'From the next session on, the service or one of its jobs runs again',
    body: JobChoice,
    response: Service,
    handle: async (context, { parameters, body: { job } }) => {
      const changed = await changeJobs(context, parameters.name, {
        jobName: job,
        change: (definition) => (job === undefined ? definition : { ...definition, disabled }),
        disabled: job === undefined ? disabled : undefined,
      });
      return { json: toService(changed) };
    },
  });

export const serviceRoutes = [
  route({
    method: 'POST',
    path: '/uploads',
    operation: 'createUpload',
    summary: 'A URL to PUT a package to, as a zip; then POST /services',
    response: Upload,
    handle: async ({ objects, clock }) => {
      const uploadId = randomUUID();
      return {
        json: {
          uploadId,
          url: await objects.uploadUrl(objectKeys.upload(uploadId), UPLOAD_SECONDS),
          expiresAt: isoTime(clock() + UPLOAD_SECONDS * 1000),
        } satisfies Upload,
      };
    },
  }),
  route({
    method: 'POST',
    path: '/services',
    operation: 'installService',
    summary: 'Installs an uploaded package; force replaces a version that is installed',
    body: InstallRequest,
    response: Installation,
    handle: async (context, { body: { uploadId, force } }) => ({
      json: await installService(context, uploadId, force === true),
    }),
  }),
  route({
    method: 'GET',
    path: '/services',
    operation: 'listServices',
    summary: 'All installed services, in the order of their installation',
    query: Paging,
    response: ServicePage,
    handle: async ({ configuration }, { query }) => {
      const items = await configuration.services.list();
      items.sort((a, b) => a.installedAt - b.installedAt);
      return { json: pageOfList(items.map(toService), query) };
    },
  }),
  route({
    method: 'GET',
    path: '/services/{name}',
    operation: 'getService',
    summary: 'One service with its job definitions',
    response: Service,
    handle: async (context, { parameters }) => ({
      json: toService(await getService(context, parameters.name)),
    }),
  }),
  route({
    method: 'PUT',
    path: '/services/{name}/params',
    operation: 'setServiceParameter',
    summary: 'Sets one parameter of a job, or of every job of the service',
    body: ParameterChange,
    response: Service,
    handle: async (context, { parameters, body: { job, key, value } }) => {
      if (!isParameterKey(key)) {
        throw new ApiProblem('invalid-request', [
          { path: 'body.key', message: `"${key}" is no key; write name or outer.inner` },
        ]);
      }
      const changed = await changeJobs(context, parameters.name, {
        jobName: job,
        change: (definition) => ({
          ...definition,
          params: { ...withParameter(definition.params, key, value) },
        }),
      });
      return { json: toService(changed) };
    },
  }),
  switchRoute('disable', true),
  switchRoute('enable', false),
  route({
    method: 'DELETE',
    path: '/services/{name}',
    operation: 'removeService',
    summary: 'Removes a service; sessions that were planned with it still run',
    answers: 'empty',
    handle: async ({ configuration }, { parameters: { name } }) => {
      const users = (await configuration.pipelines.list()).filter(({ services }) =>
        services.includes(name),
      );
      if (users.length > 0) {
        throw new ApiProblem(
          'in-use',
          users.map(({ id }) => ({ message: `the pipeline "${id}" names the service ${name}` })),
        );
      }
      if (!(await configuration.services.remove(name))) throw notFound('service', name);
      return { empty: true };
    },
  }),
];
