/**
 * zod makes code from text where it may. The page's security policy forbids that, so it is told not to try; before
 * any schema is made, which is why this is the first import of main.ts.
 */
import { z } from 'zod';

z.config({ jitless: true });
