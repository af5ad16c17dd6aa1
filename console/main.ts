/** The console: a page that shows what the REST API tells, and asks it for what a person wants. Nothing else. */
import './lib/no-eval.ts';
import {
  CONSOLE_FILES,
  CONSOLE_SETTINGS_FILE,
  ConsoleSettings,
  type SignInSettings,
} from '../core/contracts/console.ts';
import { apiClient } from './lib/api-client.ts';
import { startApp } from './lib/app.ts';
import { draw } from './lib/draw.ts';
import { failureSentences } from './lib/failures.ts';
import { finishSignIn, goToSignIn } from './lib/sign-in.ts';
import { element, type View } from './lib/view.ts';
import { button } from './pages/parts.ts';
import { pageAt, SECTIONS } from './pages/routes.ts';

const root = document.getElementById('console');
if (root === null) throw new Error('index.html has no element for the console');

const stopWith = (...content: readonly View[]): void => {
  draw(root, element('main', {}, element('h1', {}, 'Gantry'), content));
};

const readSettings = async (): Promise<ConsoleSettings> => {
  const response = await fetch(`${CONSOLE_FILES}/${CONSOLE_SETTINGS_FILE}`);
  return ConsoleSettings.parse(await response.json());
};

const start = (token: string | undefined, signIn: (() => void) | undefined): void => {
  startApp({ root, api: apiClient(() => token), sections: SECTIONS, pageAt, signIn });
};

const signInFirst = async (settings: SignInSettings): Promise<void> => {
  const leave = (): void => void goToSignIn(settings);
  try {
    const token = await finishSignIn(settings);
    if (token === undefined) leave();
    else start(token, leave);
  } catch (error) {
    stopWith(
      failureSentences(error).map((sentence) => element('p', {}, sentence)),
      button('Sign in', leave, { class: 'strong' }),
    );
  }
};

try {
  const { signIn } = await readSettings();
  if (signIn === null) start(undefined, undefined);
  else await signInFirst(signIn);
} catch {
  stopWith(
    element('p', {}, 'The console cannot read its settings. Gantry may be starting.'),
    button('Try again', () => {
      window.location.reload();
    }),
  );
}
