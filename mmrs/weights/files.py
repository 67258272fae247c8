"""Checkpoint files: safe reading, checksums, atomic writing."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any, NoReturn

from mmrs.errors import WeightsError
from mmrs.weights.catalogue import known_as_broken

if TYPE_CHECKING:
    from torch import Tensor

# Where checkpoints keep the state dict; the first that is found is opened, and so on inside it.
CONTAINERS = ('state_dict', 'model', 'teacher')
# Files above this size get a progress bar while they are hashed, bytes.
BIG_FILE = 200 * 2**20


def read_checkpoint(path: str | os.PathLike[str], map_location: Any = 'cpu') -> dict[str, Any]:
    """Reads a whole checkpoint (weights, optimiser, meta ...) without running any code that it holds.

    Args:
        path: safetensors file, or what ``torch.save`` wrote.
        map_location: Device of the tensors, as in ``torch.load``.

    Returns:
        What was saved; for safetensors ``{'state_dict': ..., 'meta': ...}``.

    Raises:
        WeightsError: If the file is missing, empty, cut short, no checkpoint, or needs code to load.
    """
    path = Path(path)
    check_present(path)
    if is_safetensors(path):
        return _read_safetensors(path, map_location)
    return load_pickle(path, map_location)


def load_pickle(path: Path, map_location: Any = 'cpu', extra: tuple[tuple[Any, str], ...] = ()) -> dict[str, Any]:
    """Reads a file of ``torch.save`` with a closed list of types; see :mod:`mmrs.weights.safe_pickle`.

    Args:
        path: File.
        map_location: As in ``torch.load``.
        extra: Further ``(object, name in the pickle)`` that may be named.

    Raises:
        WeightsError: As :func:`read_checkpoint`.
    """
    import torch

    from mmrs.weights.safe_pickle import safe_globals

    _refuse_what_is_no_checkpoint(path)
    # Mapped, a file of several gigabytes costs no memory until its tensors are used.
    mapped = zipfile.is_zipfile(path)
    try:
        with torch.serialization.safe_globals([*safe_globals(), *extra]):
            loaded = torch.load(path, map_location=map_location, weights_only=True, mmap=mapped)
    except UnpicklingError as error:
        _refuse_code(path, error)
    except Exception as error:  # a parser of broken bytes may raise anything
        raise WeightsError(
            path, f'a damaged file ({_first_line(error)})', 'a checkpoint of torch.save', _FETCH_AGAIN
        ) from error
    if not isinstance(loaded, dict):
        raise WeightsError(
            path, f'a {type(loaded).__name__}', 'a dict of tensors', 'Save `model.state_dict()`, not the model.'
        )
    return loaded


def read_state_dict(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """Reads the tensors of a checkpoint by name, without running any code that it holds.

    Args:
        path: safetensors file or checkpoint; ``state_dict``, ``model`` and ``teacher`` are opened.

    Raises:
        WeightsError: As :func:`read_checkpoint`, or if no tensors are found.
    """
    return tensors_of(read_checkpoint(path), path)


def tensors_of(checkpoint: Mapping[str, Any], path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """Picks the state dict out of a checkpoint.

    Raises:
        WeightsError: If it holds no tensors by name.
    """
    import torch

    inner: Mapping[str, Any] = checkpoint
    while container := next((name for name in CONTAINERS if isinstance(inner.get(name), Mapping)), None):
        inner = inner[container]
    tensors = {name: value for name, value in inner.items() if isinstance(value, torch.Tensor)}
    if not tensors:
        found = ', '.join(str(name) for name in list(inner)[:5]) or 'nothing'
        raise WeightsError(path, f'no tensors ({found})', 'a state dict', 'Give the file that holds the weights.')
    return tensors


def write_safetensors(
    state: Mapping[str, Tensor], path: str | os.PathLike[str], metadata: Mapping[str, str] | None = None
) -> None:
    """Writes tensors to a temporary name beside ``path`` and renames.

    Args:
        state: Tensors by name, on any device, shared memory allowed.
        path: Target; its folder must exist.
        metadata: Strings for the file's header.

    Raises:
        WeightsError: If the file cannot be written; nothing is left behind.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    plain = _separate(state)
    with replacing(path) as temporary:
        try:
            save_file(plain, temporary, metadata={'format': 'pt', **(metadata or {})})
        except SafetensorError as error:
            raise OSError(_first_line(error)) from error


def _separate(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Gives every tensor memory of its own: safetensors refuses to share. Copies only where it has to."""
    seen: set[int] = set()
    plain = {}
    for name, value in state.items():
        tensor = value.detach().cpu().contiguous()
        memory = tensor.untyped_storage().data_ptr()
        plain[name] = tensor.clone() if memory in seen else tensor
        seen.add(memory)
    return plain


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Gives a temporary name in the same folder; on success it is synced and takes the place of ``path``.

    Raises:
        WeightsError: If the system refuses to write (no folder, no right, disk full).
    """
    path = Path(path)
    temporary = path.with_name(f'.{path.name}.{os.getpid()}.tmp')
    try:
        temporary.touch()
        mode = temporary.stat().st_mode
        yield temporary
        with open(temporary, 'rb') as file:
            os.fsync(file.fileno())
        os.chmod(temporary, mode)  # safetensors makes files that only their owner can read
        os.replace(temporary, path)
    except OSError as error:
        raise WeightsError(path, error.strerror or str(error), 'room to write', 'Choose another place.') from error
    finally:
        temporary.unlink(missing_ok=True)


def sha256_of(path: str | os.PathLike[str]) -> str:
    """Computes a file's SHA-256, with a progress bar on stderr for big files.

    Raises:
        WeightsError: If the file is missing or empty.
    """
    import rich.progress
    from rich.console import Console

    path = Path(path)
    check_present(path)
    digest = hashlib.sha256()
    console = Console(stderr=True)
    quiet = path.stat().st_size < BIG_FILE or not console.is_terminal
    with rich.progress.open(path, 'rb', description=f'sha256 {path.name}', console=console, disable=quiet) as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def md5_of(path: str | os.PathLike[str]) -> str:
    """Computes a file's MD5, which some publishers give."""
    digest = hashlib.md5(usedforsecurity=False)
    with open(path, 'rb') as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def check_present(path: Path) -> None:
    """Refuses a path that is no file, or an empty one.

    Raises:
        WeightsError: If so.
    """
    if not path.is_file():
        found = 'a folder' if path.is_dir() else 'no such file'
        raise WeightsError(path, found, 'a checkpoint', 'Check the path, or see `mmrs weights list`.')
    if path.stat().st_size == 0:
        raise WeightsError(path, 'an empty file', 'a checkpoint', _FETCH_AGAIN)


_FETCH_AGAIN = 'Fetch or copy it again.'
# Words of torch's refusals that mean an object, not damage.
_NEEDS_CODE = ('GLOBAL', 'Unsupported attribute', 'call reduce', 'Can only')


def is_safetensors(path: Path) -> bool:
    """By content, not by name: eight bytes of header length, then JSON."""
    with open(path, 'rb') as file:
        head = file.read(9)
    return path.suffix == '.safetensors' or (len(head) == 9 and head[8:] == b'{' and head[6:8] == b'\0\0')


def _read_safetensors(path: Path, map_location: Any) -> dict[str, Any]:
    from safetensors import SafetensorError, safe_open

    device = 'cpu' if map_location is None or callable(map_location) else str(map_location)
    try:
        with safe_open(path, framework='pt', device=device) as file:
            return {
                'state_dict': {name: file.get_tensor(name) for name in file.keys()},  # noqa: SIM118
                'meta': dict(file.metadata() or {}),
            }
    except (SafetensorError, OSError) as error:
        raise WeightsError(
            path, f'a damaged file ({_first_line(error)})', 'a safetensors file', _FETCH_AGAIN
        ) from error


def _refuse_what_is_no_checkpoint(path: Path) -> None:
    with open(path, 'rb') as file:
        head = file.read(64)
    if head.lstrip().startswith(b'<'):
        raise WeightsError(
            path, 'a web page', 'a checkpoint', 'The download returned a page: open its address in a browser.'
        )
    if head.startswith(b'version https://git-lfs'):
        raise WeightsError(path, 'a Git LFS pointer', 'a checkpoint', 'Run `git lfs pull` where it came from.')
    if head.startswith(b'PK') and not zipfile.is_zipfile(path):
        known = known_as_broken(path.stat().st_size)
        if known is not None:
            fix = 'Another download will not help: ask the authors for a complete file, or take another size.'
            raise WeightsError(path, f'a file cut short ({known})', 'a complete checkpoint', fix)
        raise WeightsError(path, 'a file cut short', 'a complete checkpoint', _FETCH_AGAIN)


def _refuse_code(path: Path, error: UnpicklingError) -> NoReturn:
    message = _first_line(error)
    if not any(word in message for word in _NEEDS_CODE):
        raise WeightsError(path, f'a damaged file ({message})', 'a checkpoint of torch.save', _FETCH_AGAIN) from error
    raise WeightsError(
        path,
        f'a pickle that needs code to load ({", ".join(unsafe_names(path)) or message})',
        'tensors and plain containers',
        f'Take the tensors out of it first: `mmrs weights convert {path} {path.with_suffix(".safetensors")}`.',
    ) from error


def unsafe_names(path: Path) -> list[str]:
    """Names in the pickle that are not on the list; empty if the file's form does not tell."""
    import torch

    from mmrs.weights.safe_pickle import safe_globals

    try:
        with torch.serialization.safe_globals(list(safe_globals())):
            return sorted(torch.serialization.get_unsafe_globals_in_checkpoint(path))
    except (ValueError, RuntimeError, UnpicklingError):
        return []


def _first_line(error: BaseException) -> str:
    # torch first recommends to switch the check off; what it met comes after.
    lines = str(error).rpartition('WeightsUnpickler error:')[2].strip().splitlines() or [type(error).__name__]
    lines = [line for line in lines if line.strip() and not line.startswith('Weights only load failed')] or lines
    return lines[0].strip().split(' was not an')[0][:160]
