/**
 * Every cell of PS3.8 table 9-10, against the table as it is printed: a row for each event, a column for each
 * state from Sta1 to Sta13, a dash where the standard has nothing. Then what each action does and where it
 * leads, against tables 9-6 to 9-9.
 */
import { describe, expect, it } from 'vitest';
import {
  ACTIONS,
  TRANSITIONS,
  type Action,
  type ActionName,
  type Event,
  type State,
} from '../../../core/upper-layer/state-machine.ts';

const PRINTED = `
        Sta1  Sta2  Sta3  Sta4  Sta5  Sta6  Sta7  Sta8  Sta9  Sta10 Sta11 Sta12 Sta13
  Evt1  AE-1  -     -     -     -     -     -     -     -     -     -     -     -
  Evt2  -     -     -     AE-2  -     -     -     -     -     -     -     -     -
  Evt3  -     AA-1  AA-8  -     AE-3  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6
  Evt4  -     AA-1  AA-8  -     AE-4  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6
  Evt5  AE-5  -     -     -     -     -     -     -     -     -     -     -     -
  Evt6  -     AE-6  AA-8  -     AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-7
  Evt7  -     -     AE-7  -     -     -     -     -     -     -     -     -     -
  Evt8  -     -     AE-8  -     -     -     -     -     -     -     -     -     -
  Evt9  -     -     -     -     -     DT-1  -     AR-7  -     -     -     -     -
  Evt10 -     AA-1  AA-8  -     AA-8  DT-2  AR-6  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6
  Evt11 -     -     -     -     -     AR-1  -     -     -     -     -     -     -
  Evt12 -     AA-1  AA-8  -     AA-8  AR-2  AR-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6
  Evt13 -     AA-1  AA-8  -     AA-8  AA-8  AR-3  AA-8  AA-8  AR-10 AR-3  AA-8  AA-6
  Evt14 -     -     -     -     -     -     -     AR-4  AR-9  -     -     AR-4  -
  Evt15 -     -     AA-1  AA-2  AA-1  AA-1  AA-1  AA-1  AA-1  AA-1  AA-1  AA-1  -
  Evt16 -     AA-2  AA-3  -     AA-3  AA-3  AA-3  AA-3  AA-3  AA-3  AA-3  AA-3  AA-2
  Evt17 -     AA-5  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AR-5
  Evt18 -     AA-2  -     -     -     -     -     -     -     -     -     -     AA-2
  Evt19 -     AA-1  AA-8  -     AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-7
`;

const [header = '', ...rows] = PRINTED.trim().split('\n');
const states = header.trim().split(/\s+/);
const cells = rows.flatMap((row) => {
  const [event = '', ...actions] = row.trim().split(/\s+/);
  return actions.map((action, column) => ({ event, state: states[column] ?? '', action }));
});

describe('the state table', () => {
  it('has a cell for each of 19 events in each of 13 states', () => {
    expect(cells).toHaveLength(19 * 13);
    expect(Object.keys(TRANSITIONS)).toHaveLength(19);
  });

  it.each(cells)('has $action for $event in $state', ({ event, state, action }) => {
    expect(TRANSITIONS[event as Event][state as State] ?? '-').toBe(action);
  });
});

const LEADS_TO: Readonly<Record<ActionName, readonly string[]>> = {
  'AE-1': ['Sta4'],
  'AE-2': ['Sta5'],
  'AE-3': ['Sta6'],
  'AE-4': ['Sta1'],
  'AE-5': ['Sta2'],
  'AE-6': ['Sta3', 'Sta13'],
  'AE-7': ['Sta6'],
  'AE-8': ['Sta13'],
  'DT-1': ['Sta6'],
  'DT-2': ['Sta6'],
  'AR-1': ['Sta7'],
  'AR-2': ['Sta8'],
  'AR-3': ['Sta1'],
  'AR-4': ['Sta13'],
  'AR-5': ['Sta1'],
  'AR-6': ['Sta7'],
  'AR-7': ['Sta8'],
  'AR-8': ['Sta9', 'Sta10'],
  'AR-9': ['Sta11'],
  'AR-10': ['Sta12'],
  'AA-1': ['Sta13'],
  'AA-2': ['Sta1'],
  'AA-3': ['Sta1'],
  'AA-4': ['Sta1'],
  'AA-5': ['Sta1'],
  'AA-6': ['Sta13'],
  'AA-7': ['Sta13'],
  'AA-8': ['Sta13'],
};

describe('the actions', () => {
  it.each(Object.entries(LEADS_TO))('%s leads to %j', (name, next) => {
    const action: Action = ACTIONS[name as ActionName];
    const outcomes = action.otherwise === undefined ? [action] : [action, action.otherwise];

    expect(outcomes.map((outcome) => outcome.next)).toEqual(next);
  });

  it('start ARTIM wherever the other side has to close', () => {
    const starting = Object.entries(ACTIONS).flatMap(([name, action]: [string, Action]) =>
      [action, ...(action.otherwise === undefined ? [] : [action.otherwise])].some((outcome) =>
        outcome.effects.includes('start-artim'),
      )
        ? [name]
        : [],
    );

    expect(starting).toEqual(['AE-5', 'AE-6', 'AE-8', 'AR-4', 'AA-1', 'AA-8']);
  });
});
