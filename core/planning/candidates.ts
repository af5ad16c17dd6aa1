/**
 * Which job definitions are offered to the objects of an event, and in which order: the first half of
 * dcm-processor's resolution. What is left out keeps its reason, for it becomes a skipped job.
 */
import type { JobDefinition, PipelineItem, ServiceItem } from '../contracts/configuration.ts';
import type { StableEvent } from '../contracts/vocabulary.ts';

export interface Candidate {
  readonly service: ServiceItem;
  readonly definition: JobDefinition;
}

export interface Candidates {
  /** In the order of their registry callbacks. */
  readonly offered: readonly Candidate[];
  readonly left: readonly { readonly candidate: Candidate; readonly reason: string }[];
}

const inOrderOfInstallation = (services: readonly ServiceItem[]): readonly ServiceItem[] =>
  [...services].sort(
    (a, b) => a.installedAt - b.installedAt || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );

/** A pipeline that names no service has all installed ones; `missing` are names that nothing is installed under. */
export const servicesOfPipeline = (
  installed: readonly ServiceItem[],
  pipeline: Pick<PipelineItem, 'services'>,
): { readonly services: readonly ServiceItem[]; readonly missing: readonly string[] } => {
  const ordered = inOrderOfInstallation(installed);
  if (pipeline.services.length === 0) return { services: ordered, missing: [] };
  const wanted = new Set(pipeline.services);
  return {
    services: ordered.filter(({ name }) => wanted.has(name)),
    missing: [...wanted].filter((name) => !installed.some((service) => service.name === name)),
  };
};

const REQUIRED_FIELDS = ['jobName', 'registryEntry', 'workerEntry'] as const;

/** Why a definition is not offered whatever the object is; undefined when it is. */
const reasonToLeave = ({ service, definition }: Candidate): string | undefined => {
  const lacking = REQUIRED_FIELDS.find((field) => definition[field] === '');
  if (lacking !== undefined) return `The job has no ${lacking}.`;
  if (service.disabled) return `The service "${service.name}" is disabled.`;
  if (definition.disabled) return 'The job is disabled.';
  return undefined;
};

/**
 * Jobs of services in order of installation and of the array; a disabled one does not reserve its name; of
 * two with one name the first wins, before sorting; the sort by `sortPosition` is stable.
 */
export const candidatesOf = (services: readonly ServiceItem[], event: StableEvent): Candidates => {
  const owners = new Map<string, string>();
  const offered: Candidate[] = [];
  const left: Candidates['left'][number][] = [];
  for (const service of inOrderOfInstallation(services)) {
    for (const definition of service.jobs) {
      if (!definition.events.includes(event)) continue;
      const candidate = { service, definition };
      const owner = owners.get(definition.jobName);
      const reason =
        reasonToLeave(candidate) ??
        (owner === undefined
          ? undefined
          : `The service "${owner}" has a job of the same name for ${event}, and came first.`);
      if (reason === undefined) {
        owners.set(definition.jobName, service.name);
        offered.push(candidate);
      } else {
        left.push({ candidate, reason });
      }
    }
  }
  offered.sort((a, b) => a.definition.sortPosition - b.definition.sortPosition);
  return { offered, left };
};
