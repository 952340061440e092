import type { Credentials, Role } from '../matrix/target.js';

export const SCOPE: string;
export const SECOND_SCOPE: string;
export const AUDIENCE: string;
export const SECOND_AUDIENCE: string;
export const CLIENTS: Readonly<Partial<Record<Role, Credentials>>>;
export function tellPort(port: number): void;
