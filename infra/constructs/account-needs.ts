/** What a site needs of its AWS account, by its settings: `gantry doctor` holds the account against it. */
import { resourceNames, DEFAULT_WORKER } from '../../core/contracts/names.ts';
import type { AccountNeeds } from '../../core/contracts/account-needs.ts';
import type { SiteConfig } from '../config.ts';

/** All functions of the platform at their most, and as much again for the API and registry callbacks. */
const CONCURRENT_EXECUTIONS = 100;

const vcpus = (cpuUnits: number, tasks: number): number => (cpuUnits / 1024) * tasks;

export const accountNeeds = ({ deployment, listener, runners, gpu }: SiteConfig): AccountNeeds => {
  const gpuVcpus = gpu.minVcpus * gpu.maxInstances;
  return {
    quotas: [
      {
        ...{ service: 'lambda', code: 'L-B99A9384', name: 'Lambda: concurrent executions' },
        needed: CONCURRENT_EXECUTIONS,
      },
      {
        ...{ service: 'fargate', code: 'L-3032A538', name: 'Fargate: On-Demand vCPUs' },
        needed: Math.ceil(
          vcpus(listener.cpu, listener.maxTasks) + vcpus(runners.cpu, runners.maxRunners),
        ),
      },
      ...(gpu.kind === 'none'
        ? []
        : [
            {
              ...{ service: 'ec2', code: 'L-DB2E81BA', name: 'EC2: On-Demand G and VT vCPUs' },
              needed: gpuVcpus,
            },
            ...(gpu.spot
              ? [
                  {
                    ...{ service: 'ec2', code: 'L-3819A6DF', name: 'EC2: Spot G and VT vCPUs' },
                    needed: gpuVcpus,
                  },
                ]
              : []),
          ]),
    ],
    families: [
      resourceNames(deployment).listenerFamily,
      resourceNames(deployment).runnerFamily(DEFAULT_WORKER),
    ],
  };
};
