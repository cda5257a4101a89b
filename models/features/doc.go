// Package features holds the frozen networks that turn images into features: for the
// discriminator's projection and for FID. One is a plain convolutional classifier small
// enough to be trained beside a run and shipped inside the binary. The others are those
// of GDD, read from files of PyTorch's or safetensors under torchvision's and timm's
// names: VGG16 with batch norms, EfficientNet-Lite0 and distilled DeiT; and the image
// towers of CLIP and DINOv2, under their authors' names and those of transformers, for
// judges alone.
//
// Inception is the network of FID. Programs differ in how they prepare its images, which
// is therefore chosen by name (Inputs), and part of a number's label.
package features
