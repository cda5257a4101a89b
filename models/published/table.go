package published

// File is a file that somebody else publishes.
type File struct {
	Name   string // by which it is named here, and what it is called in the folder of such files
	URL    string
	What   string // it is, in a few words
	Origin string // who publishes it, and under which licence

	// What its publisher says of the contents, and nothing that was measured on a
	// copy; zero and empty where nothing is said.
	Size   int64  // bytes
	SHA256 string // hexadecimal, all of it or its first digits
	MD5    string // hexadecimal
	Says   string // where that is published
}

// Addresses that many files share.
const (
	edmNetworks = "https://nvlabs-fi-cdn.nvidia.com/edm/pretrained/"
	edmStats    = "https://nvlabs-fi-cdn.nvidia.com/edm/fid-refs/"
	cifar       = "https://www.cs.toronto.edu/~kriz/"
)

// Who publishes them.
const (
	byEDM        = "NVIDIA, github.com/NVlabs/edm; CC BY-NC-SA 4.0"
	byKrizhevsky = "Krizhevsky 2009, www.cs.toronto.edu/~kriz/cifar.html; no licence stated"
	inName       = "the name of the file, as torch.hub checks it"
)

// Files are all that are known, in the order in which they are listed. A new one is
// an entry here.
var Files = []File{
	network("cifar10-32x32-uncond-vp"), network("cifar10-32x32-uncond-ve"),
	network("cifar10-32x32-cond-vp"), network("cifar10-32x32-cond-ve"),
	network("ffhq-64x64-uncond-vp"), network("ffhq-64x64-uncond-ve"),
	network("afhqv2-64x64-uncond-vp"), network("afhqv2-64x64-uncond-ve"),
	network("imagenet-64x64-cond-adm"),

	statistics("cifar10-32x32", "CIFAR-10"), statistics("ffhq-64x64", "FFHQ"),
	statistics("afhqv2-64x64", "AFHQv2"), statistics("imagenet-64x64", "ImageNet"),

	{
		Name: "vgg16_bn-6c64b313.pth", URL: "https://download.pytorch.org/models/vgg16_bn-6c64b313.pth",
		What:   "VGG16-BN, trained on ImageNet: features of a discriminator",
		Origin: "PyTorch, github.com/pytorch/vision; BSD-3-Clause", SHA256: "6c64b313", Says: inName,
	},
	{
		Name: "vgg16-397923af.pth", URL: "https://download.pytorch.org/models/vgg16-397923af.pth",
		What:   "VGG16, trained on ImageNet: maps of LPIPS",
		Origin: "PyTorch, github.com/pytorch/vision; BSD-3-Clause", SHA256: "397923af", Says: inName,
	},
	{
		Name:   "tf_efficientnet_lite0-0aa007d2.pth",
		URL:    "https://github.com/rwightman/pytorch-image-models/releases/download/v0.1-weights/tf_efficientnet_lite0-0aa007d2.pth",
		What:   "EfficientNet-Lite0, trained on ImageNet: features of a discriminator",
		Origin: "timm, github.com/rwightman/pytorch-image-models, ported from TensorFlow's; Apache-2.0", SHA256: "0aa007d2", Says: inName,
	},
	{
		Name:   "deit_base_distilled_patch16_224-df68dfff.pth",
		URL:    "https://dl.fbaipublicfiles.com/deit/deit_base_distilled_patch16_224-df68dfff.pth",
		What:   "DeiT-base, distilled, trained on ImageNet: features of a discriminator",
		Origin: "Meta, github.com/facebookresearch/deit; Apache-2.0", SHA256: "df68dfff", Says: inName,
	},
	{
		Name:   "stylegan-xl-in-embeddings.pkl",
		URL:    "https://raw.githubusercontent.com/autonomousvision/stylegan-xl/4241ff9cfeb69d617427107a75d69e9d1c2d92f2/in_embeddings/tf_efficientnet_lite0.pkl",
		What:   "table of ImageNet's classes, [1000 320]: conditional discriminators",
		Origin: "StyleGAN-XL, github.com/autonomousvision/stylegan-xl; MIT",
		Size:   1280990, SHA256: "c109f9a8a2371b78fbd464adaa51f82a4c0015db131b98ad74d8e63e0edcf2c6", Says: "the repository's own copy, at that commit",
	},
	{
		Name:   "pt_inception-2015-12-05-6726825d.pth",
		URL:    "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth",
		What:   "Inception of FID, as a state dict",
		Origin: "pytorch-fid, github.com/mseitzer/pytorch-fid, ported from TensorFlow's; Apache-2.0", SHA256: "6726825d", Says: inName,
	},
	{
		Name:   "inception-2015-12-05.pkl",
		URL:    "https://api.ngc.nvidia.com/v2/models/nvidia/research/stylegan3/versions/1/files/metrics/inception-2015-12-05.pkl",
		What:   "Inception of FID, as EDM loads it: a TorchScript network within a pickle",
		Origin: "NVIDIA, StyleGAN3's models at NGC, translated from TensorFlow's; see NGC for its licence",
	},
	{
		Name:   "ViT-B-32.pt",
		URL:    "https://openaipublic.azureedge.net/clip/models/40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af/ViT-B-32.pt",
		What:   "CLIP ViT-B/32, a TorchScript file of half precision: features of CLIP-FID",
		Origin: "OpenAI, github.com/openai/CLIP; MIT", SHA256: "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af", Says: "its address, as package clip checks it",
	},
	dinov2("b", "ViT-B/14"), dinov2("l", "ViT-L/14, dgm-eval's choice"),
	{
		Name:   "inception-2015-12-05.pt",
		URL:    "https://nvlabs-fi-cdn.nvidia.com/stylegan2-ada-pytorch/pretrained/metrics/inception-2015-12-05.pt",
		What:   "Inception of FID, as clean-fid loads it: TorchScript",
		Origin: "NVIDIA, StyleGAN2-ADA's networks, translated from TensorFlow's; see there for its licence",
	},
	{
		Name:   "weights-inception-2015-12-05-6726825d.pth",
		URL:    "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth",
		What:   "Inception of FID, as a state dict",
		Origin: "torch-fidelity, github.com/toshas/torch-fidelity, ported from TensorFlow's; Apache-2.0", SHA256: "6726825d", Says: inName,
	},
	{
		Name: "cifar-10-python.tar.gz", URL: cifar + "cifar-10-python.tar.gz",
		What: "CIFAR-10, as Python has it: 60,000 images", Origin: byKrizhevsky,
		MD5: "c58f30108f718f92721af3b95e74349a", SHA256: "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce", Says: "the data set's page; Keras",
	},
	{
		Name: "cifar-10-binary.tar.gz", URL: cifar + "cifar-10-binary.tar.gz",
		What: "CIFAR-10, binary: 60,000 images", Origin: byKrizhevsky,
		MD5: "c32a1d4ab5d03f1284b67883e8d87530", Says: "the data set's page",
	},
}

// network is one of EDM's, of which no digest is published.
func network(name string) File {
	name = "edm-" + name + ".pkl"
	return File{Name: name, URL: edmNetworks + name, What: "teacher: a diffusion model of EDM's", Origin: byEDM}
}

// dinov2 is one of its authors', of which no digest is published.
func dinov2(size, what string) File {
	name := "dinov2_vit" + size + "14"
	return File{
		Name: name + "_pretrain.pth", URL: "https://dl.fbaipublicfiles.com/dinov2/" + name + "/" + name + "_pretrain.pth",
		What: "DINOv2 " + what + ": features of FD-DINOv2", Origin: "Meta, github.com/facebookresearch/dinov2; Apache-2.0",
	}
}

// statistics are a data set's features, with which FID compares.
func statistics(name, of string) File {
	name += ".npz"
	return File{Name: name, URL: edmStats + name, What: "reference statistics of " + of + " for FID", Origin: byEDM}
}
