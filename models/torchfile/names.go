package torchfile

import (
	"slices"
	"strings"

	"innate/models/pickle"
)

// Names of functions that rebuild tensors.
const (
	rebuildTensor    = "torch._utils._rebuild_tensor"
	rebuildTensorV2  = "torch._utils._rebuild_tensor_v2"
	rebuildTensorV3  = "torch._utils._rebuild_tensor_v3"
	rebuildParameter = "torch._utils._rebuild_parameter"
	rebuildWithState = "torch._utils._rebuild_parameter_with_state"
	rebuildSubclass  = "torch._tensor._rebuild_from_type_v2"
	loadFromBytes    = "torch.storage._load_from_bytes"

	// persistence is how EDM and its kin pickle a module: its arguments, its state
	// and the source text of its class, which nobody here reads.
	persistence = "torch_utils.persistence._reconstruct_persistent_obj"
)

// others are functions whose tensors are refused by their own names.
var others = []string{
	"torch._utils._rebuild_qtensor", "torch._utils._rebuild_sparse_tensor", "torch._utils._rebuild_nested_tensor",
	"torch._utils._rebuild_device_tensor_from_numpy", "torch._utils._rebuild_meta_tensor_no_storage",
	"torch._utils._rebuild_device_tensor_from_cpu_tensor", "torch._utils._rebuild_wrapper_subclass",
}

// plain are classes that stand beside tensors and say nothing about them.
var plain = []string{
	"torch.Size", "torch.device", "torch.Tensor", "torch.strided", "torch.serialization._get_layout",
	"torch.nn.parameter.Parameter", "torch.nn.parameter.Buffer",
	"torch.storage.UntypedStorage", "torch.storage.TypedStorage",
}

// scripted is where the classes of a TorchScript file are, whose code lies in records
// that nobody here reads; builders are what its lists and dicts go through.
const (
	scripted = "__torch__"
	builders = "torch.jit._pickle"
)

// ofScript reports whether a class is one of a TorchScript file.
func ofScript(g pickle.Global) bool {
	return g.Module == scripted || strings.HasPrefix(g.Module, scripted+".")
}

// allowed are the names that a file may mention. Modules of torch.nn and of TorchScript
// become their attributes: nothing of theirs is called.
func allowed(g pickle.Global) bool {
	name := g.String()
	switch name {
	case rebuildTensor, rebuildTensorV2, rebuildTensorV3, rebuildParameter, rebuildWithState, rebuildSubclass, loadFromBytes, persistence:
		return true
	}
	if g.Module == "torch" || g.Module == "torch.cuda" {
		if short, ok := strings.CutSuffix(g.Name, "Storage"); ok && typed[short] != "" {
			return true
		}
		if _, ok := dtypes[g.Name]; ok || slices.Contains(foreign, g.Name) {
			return true
		}
	}
	return ofScript(g) || g.Module == builders || slices.Contains(plain, name) || slices.Contains(others, name) || strings.HasPrefix(g.Module, "torch.nn.modules.")
}
