// The embedded object store as a process of its own: for docker-compose, where no Aliyun OSS is in reach.
const { SilentLog } = require('/app/dist/libs/kernel/src/index.js');
const { startEmbeddedObjectStore } = require('/app/dist/libs/object-store/src/index.js');

async function main() {
  const store = await startEmbeddedObjectStore({
    dataDir: '/var/lib/cc/objects',
    host: '0.0.0.0',
    port: 3200,
    accessKeyId: process.env['CC_OSS_ACCESS_KEY_ID'],
    accessKeySecret: process.env['CC_OSS_ACCESS_KEY_SECRET'],
    log: new SilentLog(),
  });
  console.log('object store ready');
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => void store.stop().then(() => process.exit(0)));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
