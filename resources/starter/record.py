"""Records what the shipped GGUF says, computed by the scripts' own model.

    record.py ../models/starter-q8_0.gguf OUT.json OUT.f32

The weights are read back from the GGUF, so what is compared with the engine is
the network and the tokenizer, not the rounding of the weights. OUT.json holds
the prompts with their token ids and greedy continuations, OUT.f32 the logits
after the last token of each prompt, little-endian float32 [prompts][vocabulary].
"""
import json
import os
import struct
import sys

import numpy as np
import torch

from export import ARRAY, STRING, TYPE_F16, TYPE_F32, TYPE_Q8_0
from model import ModelConfig, StarterModel
from tokenizer import Tokenizer

HERE = os.path.dirname(os.path.abspath(__file__))
SCALARS = {0: 'B', 1: 'b', 2: 'H', 3: 'h', 4: 'I', 5: 'i', 6: 'f', 7: '?', 10: 'Q', 11: 'q', 12: 'd'}
CONVERSATIONS = [
    [('user', 'How do I add documents?')],
    [('user', 'What is a token?')],
    [('user', 'Hello!'), ('assistant', 'Hello! How can I help?'), ('user', 'What does Q4_K_M mean?')],
    [('user', 'What is the capital of France?')],
    [('user', 'Grüße aus Köln: 日本語, 12 + 34 =')],
    [('system', 'You are the help of Alcove.'), ('user', 'Does Alcove work offline?')],
]
LONGEST_ANSWER = 32


class Reader:
    """Just enough of GGUF 3 to read back what export.py writes."""

    def __init__(self, path):
        with open(path, 'rb') as f:
            self.data = f.read()
        self.at = 24
        assert self.data[:4] == b'GGUF'
        _, tensors, entries = struct.unpack_from('<IQQ', self.data, 4)
        self.metadata = {}
        for _ in range(entries):
            key = self.string()
            self.metadata[key] = self.value(self.scalar('I'))
        infos = []
        for _ in range(tensors):
            name, rank = self.string(), self.scalar('I')
            sizes = [self.scalar('Q') for _ in range(rank)]
            infos.append((name, sizes, self.scalar('I'), self.scalar('Q')))
        start = self.at + -self.at % self.metadata['general.alignment']
        self.tensors = {name: self.tensor(sizes, kind, start + offset) for name, sizes, kind, offset in infos}

    def scalar(self, form):
        v, = struct.unpack_from('<' + form, self.data, self.at)
        self.at += struct.calcsize(form)
        return v

    def string(self):
        n = self.scalar('Q')
        self.at += n
        return self.data[self.at - n:self.at].decode('utf-8')

    def value(self, kind):
        if kind == STRING:
            return self.string()
        if kind == ARRAY:
            inner, n = self.scalar('I'), self.scalar('Q')
            return [self.value(inner) for _ in range(n)]
        return self.scalar(SCALARS[kind])

    def tensor(self, sizes, kind, at):
        count, shape = int(np.prod(sizes)), sizes[::-1]
        if kind == TYPE_Q8_0:
            blocks = np.frombuffer(self.data, [('scale', '<f2'), ('quants', 'i1', 32)], count // 32, at)
            flat = blocks['quants'].astype(np.float32) * blocks['scale'].astype(np.float32)[:, None]
        else:
            flat = np.frombuffer(self.data, {TYPE_F32: '<f4', TYPE_F16: '<f2'}[kind], count, at).astype(np.float32)
        return torch.from_numpy(flat.reshape(shape).copy())


def load(path):
    gguf = Reader(path)
    m, t = gguf.metadata, gguf.tensors
    config = ModelConfig(
        vocab_size=m['llama.vocab_size'], width=m['llama.embedding_length'], layers=m['llama.block_count'],
        heads=m['llama.attention.head_count'], kv_heads=m['llama.attention.head_count_kv'],
        head_size=m['llama.rope.dimension_count'], ffn_width=m['llama.feed_forward_length'],
        context=m['llama.context_length'], rope_base=m['llama.rope.freq_base'],
        norm_eps=m['llama.attention.layer_norm_rms_epsilon'])
    state = {'embed': t['token_embd.weight'], 'norm': t['output_norm.weight']}
    for i in range(config.layers):
        def own(name):
            return t['blk.%d.%s.weight' % (i, name)]
        state.update({'blocks.%d.%s' % (i, name): value for name, value in {
            'attn_norm': own('attn_norm'), 'ffn_norm': own('ffn_norm'),
            'wqkv': torch.cat([own('attn_q'), own('attn_k'), own('attn_v')]), 'wo': own('attn_output'),
            'w_gate_up': torch.cat([own('ffn_gate'), own('ffn_up')]), 'w_down': own('ffn_down')}.items()})
    model = StarterModel(config)
    model.load_state_dict(state)
    return model


def main():
    path, out_json, out_floats = sys.argv[1:4]
    model, tokenizer = load(path), Tokenizer(os.path.join(HERE, 'vocabulary.json'))
    prompts, logits = [], []
    for turns in CONVERSATIONS:
        ids, _ = tokenizer.chat(turns, open_reply=True)
        answer = model.generate(ids, LONGEST_ANSWER, {tokenizer.end, tokenizer.end_of_text})
        prompts.append({'messages': [{'role': r, 'content': t} for r, t in turns], 'tokens': ids,
                        'answer': answer, 'text': tokenizer.decode(answer)})
        logits.append(model.reference_logits(ids)[-1].numpy().astype('<f4'))
    with open(out_json, 'w', encoding='utf-8') as f:
        json.dump({'model': os.path.basename(path), 'prompts': prompts}, f, ensure_ascii=False, indent=1)
        f.write('\n')
    np.stack(logits).tofile(out_floats)


if __name__ == '__main__':
    main()
