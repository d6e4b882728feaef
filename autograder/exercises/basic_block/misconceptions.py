"""Believable wrong answers to BasicBlock. Each docstring is what a good tutor would say."""

import torch
import torch.nn.functional as F
from torch import nn


class _Block(nn.Module):
    """The block in small pieces, so that each mistake replaces one of them."""

    bias = False
    strides = (True, False)

    def __init__(self, in_ch, out_ch, stride=1, shortcut="B", norm=nn.BatchNorm2d):
        super().__init__()
        self.check(in_ch, out_ch, shortcut)
        self.in_ch, self.out_ch, self.stride, self.option = in_ch, out_ch, stride, shortcut
        first, second = (stride if strided else 1 for strided in self.strides)
        self.conv1 = nn.Conv2d(in_ch, out_ch, 3, stride=first, padding=1, bias=self.bias)
        self.conv2 = nn.Conv2d(out_ch, out_ch, 3, stride=second, padding=1, bias=self.bias)
        self.norms(norm)
        self.shortcut = self.projection(norm) if self.projects() else None

    def check(self, in_ch, out_ch, shortcut):
        if shortcut not in ("A", "B", "C"):
            raise ValueError("unknown shortcut")
        if shortcut == "A" and in_ch > out_ch:
            raise ValueError("in_ch must be at most out_ch")

    def norms(self, norm):
        self.bn1, self.bn2 = norm(self.out_ch), norm(self.out_ch)

    def projects(self):
        changes = self.stride != 1 or self.in_ch != self.out_ch
        return self.option == "C" or (self.option == "B" and changes)

    def projection(self, norm):
        conv = nn.Conv2d(self.in_ch, self.out_ch, 1, stride=self.stride, bias=False)
        return nn.Sequential(conv, norm(self.out_ch))

    def padded(self, x):
        x = x[:, :, :: self.stride, :: self.stride]
        return F.pad(x, (0, 0, 0, 0, 0, self.out_ch - self.in_ch))

    def skip(self, x):
        if self.shortcut is not None:
            return self.shortcut(x)
        return self.padded(x) if self.option == "A" else x

    def branch(self, x):
        return self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))

    def forward(self, x):
        return F.relu(self.branch(x) + self.skip(x))


class relu_before_the_sum(_Block):
    """You apply relu to the branch before the sum and not after it. Then the branch can only add, never take away: first the sum, then relu."""

    def forward(self, x):
        return F.relu(self.branch(x)) + self.skip(x)


class relu_before_and_after(_Block):
    """You apply relu to the branch, and again to the sum. The first one leaves a branch that can only add: only the sum gets one."""

    def forward(self, x):
        return F.relu(F.relu(self.branch(x)) + self.skip(x))


class no_relu_after(_Block):
    """You left out the relu after the sum. In the original block it stands there; the block without it is the pre-activation block."""

    def forward(self, x):
        return self.branch(x) + self.skip(x)


class no_relu_between(_Block):
    """There is no relu between your convolutions. Two linear maps in a row are one: put it behind bn1."""

    def branch(self, x):
        return self.bn2(self.conv2(self.bn1(self.conv1(x))))


class norm_after_relu(_Block):
    """You normalize after the relu. In this block the order is convolution, norm, relu."""

    def branch(self, x):
        return self.bn2(self.conv2(self.bn1(F.relu(self.conv1(x)))))


class norm_before_convolution(_Block):
    """Your bn2 stands in front of conv2. In this block each norm follows its convolution; norms in front belong to the pre-activation block."""

    def branch(self, x):
        return self.conv2(self.bn2(F.relu(self.bn1(self.conv1(x)))))


class norms_left_out(_Block):
    """You make the norms but do not use them in forward."""

    def branch(self, x):
        return self.conv2(F.relu(self.conv1(x)))


class no_skip(_Block):
    """You do not add x. Without the skip this is a plain pair of convolutions."""

    def forward(self, x):
        return F.relu(self.branch(x))


class skip_from_the_middle(_Block):
    """Your skip starts behind the first convolution. It goes around both of them: add x, or its projection."""

    def forward(self, x):
        h = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(h)) + h)


class product(_Block):
    """You multiply branch and shortcut. A skip connection adds."""

    def forward(self, x):
        return F.relu(self.branch(x) * self.skip(x))


class stride_in_both(_Block):
    """Both your convolutions have the stride, so the branch shrinks twice and no longer fits the shortcut. Only conv1 has it."""

    strides = (True, True)


class stride_in_the_second(_Block):
    """The stride is in conv2. The first convolution has it, and the second sees the small map."""

    strides = (False, True)


class bias_kept(_Block):
    """Your convolutions have a bias. The norm behind them takes any constant away again, so it is a parameter for nothing: bias=False."""

    bias = True


class one_norm_for_both(_Block):
    """You use one norm in two places. Each place has its own statistics, weight and bias: call norm for each."""

    def norms(self, norm):
        self.bn1 = self.bn2 = norm(self.out_ch)


class always_batch_norm(_Block):
    """You build nn.BatchNorm2d whatever norm is. Call norm(out_ch), so that group norm or none can take its place."""

    def __init__(self, in_ch, out_ch, stride=1, shortcut="B", norm=nn.BatchNorm2d):
        super().__init__(in_ch, out_ch, stride, shortcut)


class projection_though_shapes_agree(_Block):
    """You project although the shape stays. With option B, x itself passes where it fits; the projection everywhere is option C."""

    def projects(self):
        return self.option in ("B", "C")


class projection_for_channels_only(_Block):
    """You project only where the number of channels changes. A stride changes the shape as well."""

    def projects(self):
        return self.option == "C" or (self.option == "B" and self.in_ch != self.out_ch)


class projection_for_stride_only(_Block):
    """You project only where there is a stride. More channels do not fit either."""

    def projects(self):
        return self.option == "C" or (self.option == "B" and self.stride != 1)


class c_is_b(_Block):
    """With option C you project only where the shape changes. That is option B; C projects in every block."""

    def projects(self):
        return self.option != "A" and (self.stride != 1 or self.in_ch != self.out_ch)


class b_pads(_Block):
    """With option B you fill up with zeros. That is option A; B learns a 1x1 convolution where the shape changes."""

    def projects(self):
        return self.option == "C"

    def skip(self, x):
        if self.shortcut is not None:
            return self.shortcut(x)
        x = x[:, : self.out_ch, :: self.stride, :: self.stride]
        return F.pad(x, (0, 0, 0, 0, 0, self.out_ch - x.shape[1]))


class projection_without_norm(_Block):
    """Your projection has no norm. The branch comes out normalized, and so should the shortcut: 1x1 convolution, then norm."""

    def projection(self, norm):
        return nn.Sequential(nn.Conv2d(self.in_ch, self.out_ch, 1, stride=self.stride, bias=False))


class projection_with_relu(_Block):
    """You apply relu to the projection. Nothing nonlinear stands on the shortcut; relu comes after the sum."""

    def skip(self, x):
        return F.relu(super().skip(x)) if self.shortcut is not None else super().skip(x)


class projection_3x3(_Block):
    """Your projection is a 3x3 convolution. It only has to change the number of channels and the size: 1x1."""

    def projection(self, norm):
        conv = nn.Conv2d(self.in_ch, self.out_ch, 3, stride=self.stride, padding=1, bias=False)
        return nn.Sequential(conv, norm(self.out_ch))


class projection_without_stride(_Block):
    """Your projection has no stride, so it stays larger than the branch. Give it the stride of conv1."""

    def projection(self, norm):
        return nn.Sequential(nn.Conv2d(self.in_ch, self.out_ch, 1, bias=False), norm(self.out_ch))


class a_pads_rows_and_columns(_Block):
    """With option A your zeros go to the sides of the image. F.pad counts axes from the last: channels are the third pair, (0, 0, 0, 0, 0, more)."""

    def padded(self, x):
        more = self.out_ch - self.in_ch
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, more))


class a_zeros_in_front(_Block):
    """With option A your zeros stand before the channels of x. They come after them."""

    def padded(self, x):
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.out_ch - self.in_ch, 0))


class a_zeros_on_both_sides(_Block):
    """With option A half of your zeros stand before the channels of x, as some published code does it. Here all come after them."""

    def padded(self, x):
        more = self.out_ch - self.in_ch
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, more // 2, more - more // 2))


class a_averages(_Block):
    """With option A you average over pixels. Option A picks every stride-th row and column."""

    def padded(self, x):
        x = F.avg_pool2d(x, self.stride, ceil_mode=True) if self.stride > 1 else x
        return F.pad(x, (0, 0, 0, 0, 0, self.out_ch - self.in_ch))


class a_crops(_Block):
    """With option A you keep a corner of the image. Take every stride-th row and column, x[:, :, ::stride, ::stride]."""

    def padded(self, x):
        H, W = ((side + self.stride - 1) // self.stride for side in x.shape[2:])
        return F.pad(x[:, :, :H, :W], (0, 0, 0, 0, 0, self.out_ch - self.in_ch))


class a_repeats_channels(_Block):
    """With option A you fill up with copies of the channels. The new channels are zeros."""

    def padded(self, x):
        x = x[:, :, :: self.stride, :: self.stride]
        return x[:, torch.arange(self.out_ch) % self.in_ch]


class a_projects(_Block):
    """With option A you project. Option A has no parameters."""

    def projects(self):
        return self.stride != 1 or self.in_ch != self.out_ch or self.option == "C"


class options_not_checked(_Block):
    """You accept any option. One that you do not know is a mistake of whoever calls: ValueError, naming shortcut."""

    def check(self, in_ch, out_ch, shortcut):
        if shortcut == "A" and in_ch > out_ch:
            raise ValueError("in_ch must be at most out_ch")


class fewer_channels_accepted(_Block):
    """You accept option A with fewer channels than x has. Zeros can only be added, so refuse it, naming in_ch or out_ch."""

    def check(self, in_ch, out_ch, shortcut):
        if shortcut not in ("A", "B", "C"):
            raise ValueError("unknown shortcut")


class other_names(_Block):
    """Your layers have other names than the exercise gives them, so weights of another BasicBlock do not load. Call them conv1, bn1, conv2, bn2 and shortcut."""

    def norms(self, norm):
        layers = [self.conv1, norm(self.out_ch), self.conv2, norm(self.out_ch)]
        del self.conv1, self.conv2
        self.layers = nn.Sequential(*layers)

    def branch(self, x):
        return self.layers[3](self.layers[2](F.relu(self.layers[1](self.layers[0](x)))))
