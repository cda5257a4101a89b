// Package nn has the layers that networks are made of, with their parameters: a
// Builder makes these in the order of a state dict, with the names and layouts
// that PyTorch gives them, and each layer's Forward adds it to a graph. Block,
// Embedding and Dropout are what the U-Nets of Karras et al. 2022 (EDM) share;
// what tells these apart is in their own packages.
//
// Images are [N H W C] in the graph; convolutions keep their checkpoint layout
// [Co Ci k k], linear layers [out in].
package nn
