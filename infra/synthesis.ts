/**
 * The stacks of a site as an app, from any program and without bundling: for tests of the templates and for what
 * computes with them. Contexts are those of cdk.json, so that feature flags are the ones that are deployed with.
 */
import { readFileSync } from 'node:fs';
import { App } from 'aws-cdk-lib';
import { addStacks } from './app.ts';

const cdkJson = JSON.parse(readFileSync(new URL('../cdk.json', import.meta.url), 'utf8')) as {
  context: Record<string, unknown>;
};

/** One resource of a template. */
export interface TemplateResource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

/** `site` as it would stand in cdk.json, or the path of its file; throws SiteConfigInvalid. */
export const siteApp = (site: object | string): App => {
  const app = new App({
    context: {
      ...cdkJson.context,
      'aws:cdk:bundling-stacks': [],
      ...(typeof site === 'string'
        ? { site }
        : { site: 'synthesised', sites: { synthesised: { region: 'eu-central-1', ...site } } }),
    },
  });
  addStacks(app);
  return app;
};

/** All resources of a site's templates by `<stack name>/<logical id>`, after `change` was made to its constructs. */
export const synthesisedResources = (
  site: object,
  change: (app: App) => void = () => undefined,
): ReadonlyMap<string, TemplateResource> => {
  const app = siteApp(site);
  change(app);
  return new Map(
    app.synth().stacks.flatMap(({ id, template }) => {
      const { Resources = {} } = template as { Resources?: Record<string, TemplateResource> };
      return Object.entries(Resources).map(
        ([logicalId, resource]) => [`${id}/${logicalId}`, resource] as const,
      );
    }),
  );
};
