import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { developmentSecrets } from '../src/development-secrets';

describe('the secrets of a data directory', () => {
  let folder: string;
  const path = (): string => join(folder, 'secrets.json');
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cc-secrets-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('are made once, for its owner alone', () => {
    const made = developmentSecrets(folder);
    expect(developmentSecrets(folder)).toEqual(made);
    expect(made.operatorKey.length).toBeGreaterThanOrEqual(24);
    expect(made.operatorKey).not.toBe(made.apiKey);
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['secrets.json']);
  });

  it('of an earlier version are kept, and those that it lacked are added once', () => {
    const { operatorKey: _operatorKey, ...earlier } = developmentSecrets(folder);
    writeFileSync(path(), JSON.stringify(earlier));
    const completed = developmentSecrets(folder);
    expect(completed).toMatchObject(earlier);
    expect(completed.operatorKey).toMatch(/^cco_dev_.{24,}/);
    expect(developmentSecrets(folder)).toEqual(completed);
    expect(JSON.parse(readFileSync(path(), 'utf8'))).toEqual(completed);
  });

  it('are not replaced where one is missing without which nothing could be read again', () => {
    const { encryptionKey: _encryptionKey, ...broken } = developmentSecrets(folder);
    writeFileSync(path(), JSON.stringify(broken));
    expect(() => developmentSecrets(folder)).toThrow(/encryptionKey/);
    expect(JSON.parse(readFileSync(path(), 'utf8'))).toEqual(broken);
  });
});
