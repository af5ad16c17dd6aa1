/**
 * What AWS asks for, in USD without tax, in us-east-1. The one place with prices: whoever checks them against the
 * bill changes them here and the date above them. Free tiers
 * that end are not counted.
 */

/** When the table was last read against the public price list. */
export const PRICES_OF = '2026-11-22';

/** A month has this many hours in all of AWS's examples. */
export const HOURS_PER_MONTH = 730;

const MILLION = 1_000_000;

export const PRICES = {
  vpnConnectionHour: 0.05,
  transitGatewayAttachmentHour: 0.05,
  networkBalancerHour: 0.0225,
  /** One unit: a gigabyte in an hour, which is what images use first. */
  networkBalancerUnitHour: 0.006,
  natGatewayHour: 0.045,
  natGigabyte: 0.045,
  publicAddressHour: 0.005,
  /** In each zone. */
  interfaceEndpointHour: 0.01,
  fargateArmVcpuHour: 0.032_38,
  fargateArmGigabyteHour: 0.003_56,
  /** Beyond the 20 GiB that are included. */
  fargateDiskGigabyteHour: 0.000_111,
  keyMonth: 1,
  secretMonth: 0.4,
  alarmMetricMonth: 0.1,
  compositeAlarmMonth: 0.5,
  metricMonth: 0.3,
  dashboardMonth: 3,
  /** A budget with an action; the first two of an account are free. */
  budgetWithActionDay: 0.1,
  logsIngestedGigabyte: 0.5,
  lambdaArmGigabyteSecond: 0.000_013_333_4,
  lambdaRequest: 0.2 / MILLION,
  sqsRequest: 0.4 / MILLION,
  tableWriteUnit: 0.625 / MILLION,
  tableReadUnit: 0.125 / MILLION,
  objectPut: 0.005 / 1000,
  objectGet: 0.0004 / 1000,
  stateTransition: 25 / MILLION,
  internetOutGigabyte: 0.09,
  gpuInstanceHour: 0.8048,
  objectGigabyteMonth: 0.023,
} as const;

/** What an account has free of charge for good. A deployment has an account of its own: docs/deploy.md. */
export const ALLOWANCE = {
  metrics: 10,
  alarmMetrics: 10,
  dashboards: 3,
  budgetsWithAction: 2,
} as const;
