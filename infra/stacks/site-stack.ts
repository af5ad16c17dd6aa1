/** What every stack of a site is given. */
import type { StackProps } from 'aws-cdk-lib';
import type { SiteConfig } from '../config.ts';

export interface SiteStackProps extends StackProps {
  readonly config: SiteConfig;
}
