"""Writes network pickles in EDM's layout, of networks whose shape nobody published, and what PyTorch draws with them:
python pickled.py FOLDER makes NAME.pkl, NAME-z.npy, unit noise, NAME-labels.npy, if it has classes, and NAME-x.npy; and
NAME-outputs.npz, what each module gives in one call of the denoiser.

Tensors lie in all ways in which a pickle may have them: convolutions as bfloat16 in channels_last, matrices as
transposed views in half precision, vectors as views of one storage; their values are exact in each. Each storage is a
legacy file within the pickle, attributes are NumPy's scalars, and buffers stand beside parameters.
"""
import math, pickle, sys, types
from pathlib import Path

import numpy as np
import torch
from torch import nn

import golden

persistence = types.ModuleType('torch_utils.persistence')
sys.modules['torch_utils'], sys.modules['torch_utils.persistence'] = types.ModuleType('torch_utils'), persistence


def _reconstruct_persistent_obj(meta):
    raise NotImplementedError


_reconstruct_persistent_obj.__module__ = 'torch_utils.persistence'
persistence._reconstruct_persistent_obj = _reconstruct_persistent_obj


class Persistent(nn.Module):
    """A module that pickles as those of EDM do: its class by name, the class's source, and all attributes."""
    def __init__(self, kind, **kwargs):
        super().__init__()
        self.__dict__['kind'] = kind
        self._init_args, self._init_kwargs = (), kwargs

    def __reduce__(self):
        state = {k: v for k, v in self.__dict__.items() if k != 'kind'}
        source = "raise SystemExit('the source of a class was run')\n"
        meta = dict(type='class', version=6, module_src=source, class_name=self.kind, state=state)
        return _reconstruct_persistent_obj, (meta,)


def lay(p, vectors):
    """The parameter as it is to lie in the file."""
    if p.dim() == 4:
        p = p.to(torch.bfloat16).to(memory_format=torch.channels_last)
    elif p.dim() == 2:
        p = p.half().t().contiguous().t()
    else:
        p = vectors[id(p)]
    return nn.Parameter(p, requires_grad=False)


def persist(module, kind, vectors):
    out = Persistent(kind) if kind else nn.ModuleDict()
    for name in ('weight', 'bias'):
        if isinstance(module, golden.Conv) and not module.k:
            out.register_parameter(name, None)
    for name, p in module.named_parameters(recurse=False):
        out.register_parameter(name, lay(p, vectors))
    for name, b in module.named_buffers(recurse=False):
        out.register_buffer(name, b.clone())
    if isinstance(module, golden.Conv) and module.how:
        out.register_buffer('resample_filter', module.filter[None, None].clone())
    if isinstance(module, golden.Block):
        out.skip_scale = np.float64(module.gain)
    for name, child in module.named_children():
        out.add_module(name, persist(child, None if isinstance(child, nn.ModuleDict) else type(child).__name__, vectors))
    return out


def write(folder, name, kind, wrapper, c):
    adm = c['arch'] == 'adm'
    net = (golden.ADM if adm else golden.Song)(c)
    golden.fill(net)
    args = dict(img_resolution=c['resolution'], img_channels=c['channels'], label_dim=c['label_dim'], use_fp16=False, dropout=0.1,
                model_type='DhariwalUNet' if adm else 'SongUNet')
    args |= {k: c[k] for k in ('augment_dim', 'model_channels', 'channel_mult', 'channel_mult_emb', 'num_blocks', 'attn_resolutions')}
    if not adm:
        args |= {k + '_type': c[k] for k in ('embedding', 'encoder', 'decoder')}
        args |= {k: c[k] for k in ('channel_mult_noise', 'resample_filter')}
    flat = [p for p in net.parameters() if p.dim() == 1]
    whole = torch.cat([p.detach() for p in flat])
    vectors = dict(zip(map(id, flat), whole.split([p.numel() for p in flat])))
    top = Persistent(wrapper, **args)
    top.sigma_data, top.sigma_max = 0.5, float('inf')
    top.model = persist(net, args['model_type'], vectors)
    with open(folder / f'{name}.pkl', 'wb') as f:
        pickle.dump(dict(ema=top.eval(), loss_fn=None, augment_pipe=None, dataset_kwargs=dict(path='x.zip')), f, protocol=c['protocol'])
    z, label = golden.values(name + '/z', 3, c['channels'], c['resolution'], c['resolution']), None
    if c['label_dim']:
        label = golden.one_hot(3, c['label_dim'])
        np.save(folder / f'{name}-labels.npy', label.argmax(1).numpy())
    D, outputs = golden.Denoiser(net, kind), {}
    hooks = [m.register_forward_hook(lambda m, i, o, at='model.' + at: outputs.update({at: o.numpy()})) for at, m in net.named_modules() if at]
    sigma = 2.0
    with torch.no_grad():
        outputs['denoised'] = D(z * sigma, sigma, label).numpy()
    labels = {} if label is None else dict(labels=label.numpy())
    np.savez(folder / f'{name}-outputs.npz', x=(z * sigma).numpy(), sigma=sigma, **labels, **outputs)
    for hook in hooks:
        hook.remove()
    with torch.no_grad():
        x = golden.edm_sample(D, z, label, 3)
    np.save(folder / f'{name}-z.npy', z.numpy())
    np.save(folder / f'{name}-x.npy', x.numpy().astype(np.float32))


if __name__ == '__main__':
    base, wide, random, plain = golden.BASE, golden.WIDE, golden.RANDOM, golden.PLAIN
    for name, kind, wrapper, c in [
        ('residual', 'edm', 'EDMPrecond', base | random | wide | dict(encoder='residual', decoder='skip', channel_mult=[2, 1, 2], augment_dim=4, protocol=4)),
        ('skip', 'vp', 'VPPrecond', base | wide | dict(encoder='skip', channels=3, channel_mult=[1, 3], label_dim=3, protocol=2)),
        ('adm', 'edm', 'EDMPrecond', plain | dict(arch='adm', channels=3, model_channels=16, channel_mult=[4, 8], label_dim=5, augment_dim=0, protocol=5)),
    ]:
        write(Path(sys.argv[1]), name, kind, wrapper, c)
