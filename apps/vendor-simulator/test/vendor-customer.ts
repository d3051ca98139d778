import { createHash } from 'node:crypto';
import http from 'node:http';
import { z } from 'zod';

const SID = 'a'.repeat(32);
const TOKEN = 'b'.repeat(32);
const APP = 'c'.repeat(32);

/** Settings of a simulator whose customer this is. */
export const customerSettings = { CC_SIM_E9_ACCOUNT_SID: SID, CC_SIM_E9_AUTH_TOKEN: TOKEN, CC_SIM_E9_APP_ID: APP, CC_SIM_HW_APP_KEY: 'key', CC_SIM_HW_APP_SECRET: 'secret' };

/** Dials at e9; redirects are not followed. */
export function dialE9(simulator: string, to: string, userData?: string): Promise<Response> {
  const timestamp = new Date(Date.now() + 8 * 3600 * 1000).toISOString().slice(0, 19).replace(/[-T:]/g, '');
  const sig = createHash('md5').update(SID + TOKEN + timestamp).digest('hex').toUpperCase();
  return fetch(`${simulator}/e9/2016-01-01/Accounts/${SID}/Calls/callBack?sig=${sig}`, {
    method: 'POST', redirect: 'manual',
    headers: { 'content-type': 'application/json', accept: 'application/json', authorization: Buffer.from(`${SID}:${timestamp}`).toString('base64') },
    body: JSON.stringify({ callback: { appId: APP, from: '13912345678', to, userData } }),
  });
}

/** Dials at hw's 双呼; redirects are not followed. */
export async function dialHw(simulator: string, called: string, callData?: string): Promise<Response> {
  const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${simulator}/hw/${path}`, { method: 'POST', redirect: 'manual', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });
  const token = await (await post('apigovernance/api/oauth/tokenByAkSk', { app_key: 'key', app_secret: 'secret' })).json();
  const { AccessToken } = z.looseObject({ AccessToken: z.string() }).parse(token);
  return post('apiaccess/CC-Management/v1/mobileAgent/createCall', { caller: '13912345678', called, callData }, { authorization: `Bearer ${AccessToken}` });
}

/** The application's side of e9's callbacks. */
export class CallbackList {
  /** `CallInvite0` and so on, with the end's byeType: `Hangup 0`. */
  readonly actions: string[] = [];
  private readonly server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const xml = Buffer.concat(chunks).toString();
      const of = (name: string): string => new RegExp(`<${name}>(\\w*)<`).exec(xml)?.[1] ?? '';
      this.actions.push(`${of('action')}${of('userFlag')} ${of('byeType')}`.trim());
      response.end();
    });
  });

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${z.object({ port: z.number() }).parse(this.server.address()).port}/`;
  }

  close(): Promise<unknown> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}
