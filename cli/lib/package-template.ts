/**
 * The files of a new package, as `gantry new` writes them: they run at once here and on dcm-processor, whose own
 * generator makes the same folders. Python code as texts, because it is for the user to change.
 */
import type { StableEvent } from '../../core/contracts/vocabulary.ts';

export const TEMPLATE_WORKERS = ['venv', 'docker'] as const;
export type TemplateWorker = (typeof TEMPLATE_WORKERS)[number];

/** Path → text. */
export type TemplateFiles = Readonly<Record<string, string>>;

export interface ServiceTemplate {
  readonly name: string;
  readonly events: readonly StableEvent[];
  /** Comes with the service, and runs its job; without one the default worker does. */
  readonly worker?: TemplateWorker | undefined;
}

const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
const VERSION = '1.0.0';
const IMAGE = 'python:3.13-slim';
const PYTHON = '3.11';

const REGISTRY = `"""Decides for which series, studies or patients the job runs."""


def callback(session_id, job_name, headers, params, added_params, **kwargs):
    """Called once for each object; what it returns beside True is added for the worker and for later callbacks."""
    modality = headers["Metadata"].get("Modality")  # of a series; a study has ModalitiesInStudy
    if params.get("modality") not in (None, modality):
        return False
    return True, {"modality": modality}
`;

const MODULE = `"""The work itself."""


def worker(session_id, job_name, headers, params, added_params, **kwargs):
    """Called once for each object for which the registry callback said yes; returns what JSON can hold."""
    for level in ("Instances", "Series", "Studies"):
        if level in headers:
            count = len(headers[level])
    print(f"{job_name}: {count}")
    # The images of a series:
    #   from dcm_processor_service import get_series_dicom
    #   for dataset in get_series_dicom(str(headers["_id"])):
    return {"count": count, **added_params[job_name]}
`;

const MODULE_IN_IMAGE = `"""The work itself: runs in the worker's image, where only the standard library and what the image has is there."""

from pathlib import Path

IMAGES = Path("/session/images")


def worker(session_id, job_name, headers, params, added_params, **kwargs):
    """Called once for each object for which the registry callback said yes; returns what JSON can hold."""
    files = sorted(IMAGES.rglob("*.dcm"))
    print(f"{job_name}: {len(files)} images")
    return {"count": len(files), **added_params[job_name]}
`;

const PRE = `"""Before the image: runs in the worker's own Python, with the SDK."""

from pathlib import Path

from dcm_processor_service import get_series_dicom


def callback(session_id, job_name, headers, params, added_params, session_dir, **kwargs):
    """Leaves the images where the image finds them: session_dir is its /session."""
    series = headers.get("Series", [str(headers["_id"])] if "Instances" in headers else [])
    for one in series:
        folder = Path(session_dir) / "images" / one
        folder.mkdir(parents=True)
        get_series_dicom(one, str(folder))
`;

const POST = `"""After the image: runs in the worker's own Python, with the SDK; ships what the image left in session_dir."""


def callback(session_id, job_name, headers, params, added_params, session_dir, **kwargs):
    """For results as DICOM objects: get_dicom_sender, make_series_dicom, nifti_to_dicom of the SDK."""
`;

const workerSettings = (name: string, type: TemplateWorker): unknown =>
  type === 'venv'
    ? { name, type, version: VERSION, python_version: PYTHON, params: {} }
    : {
        name,
        type,
        version: VERSION,
        image: IMAGE,
        build: null,
        build_kwargs: {},
        params: { command: [], run_kwargs: {} },
        pre_scripts: ['pre.py'],
        post_scripts: ['post.py'],
        data_dir: 'data',
        module_dir_mount: '/module',
        data_dir_mount: '/data',
        session_dir_mount: '/session',
        python_version: PYTHON,
      };

const workerFiles = (name: string, type: TemplateWorker): TemplateFiles => ({
  'worker/settings.json': json(workerSettings(name, type)),
  'worker/requirements.txt':
    type === 'venv'
      ? '# What the code in module/ imports, one requirement a line; the SDK is there anyway.\n'
      : '# What pre.py and post.py import; what the image needs is for the image to have.\n',
  ...(type === 'venv'
    ? {}
    : {
        'worker/pre.py': PRE,
        'worker/post.py': POST,
        'worker/data/README.md': 'Files that the image finds below `/data`: models, tables.\n',
      }),
});

const manifestOf = (
  name: string,
  sections: { readonly worker?: TemplateWorker | undefined; readonly service?: unknown },
): string =>
  json({
    name,
    version: VERSION,
    summary: '',
    tags: [name],
    ...(sections.worker === undefined ? {} : { worker: { path: 'worker', type: sections.worker } }),
    ...(sections.service === undefined ? {} : { service: sections.service }),
  });

const serviceReadme = ({ name, worker }: ServiceTemplate): string => `# ${name}

\`\`\`
gantry service install ./${name}
gantry service set ${name} -k modality -v CT
\`\`\`
${worker === undefined ? '' : '\nIts worker comes with it.\n'}
\`registry/main.py\` decides for which objects the job runs, \`module/main.py\` does the work.
On dcm-processor: \`dcm-processor install ./${name}\`.
`;

export const serviceTemplate = (template: ServiceTemplate): TemplateFiles => {
  const { name, events, worker } = template;
  const service = {
    registry: 'registry',
    module: 'module',
    required_services: [],
    required_workers: [],
    jobs: [
      {
        jobName: name,
        workerEntry: 'worker',
        registryEntry: 'callback',
        events,
        dependsOn: [],
        worker: worker === undefined ? null : name,
        timeout: '1h',
        params: {},
        sortPosition: 0,
        description: '',
      },
    ],
  };
  return {
    'dcm-processor.json': manifestOf(name, { worker, service }),
    'README.md': serviceReadme(template),
    'registry/__init__.py': 'from .main import callback\n',
    'registry/main.py': REGISTRY,
    'module/__init__.py': 'from .main import worker\n',
    'module/main.py': worker === 'docker' ? MODULE_IN_IMAGE : MODULE,
    ...(worker === undefined ? {} : workerFiles(name, worker)),
  };
};

/** A worker alone, for jobs of other packages. */
export const workerTemplate = (name: string, type: TemplateWorker): TemplateFiles => ({
  'dcm-processor.json': manifestOf(name, { worker: type }),
  'README.md': `# ${name}\n\n\`\`\`\ngantry worker install ./${name}\n\`\`\`\n\nJobs name it as their \`"worker": "${name}"\`. On dcm-processor: \`dcm-processor install ./${name}\`.\n`,
  ...workerFiles(name, type),
});
