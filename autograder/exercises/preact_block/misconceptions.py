"""Believable wrong answers to PreActBlock. Each docstring is what a good tutor would say."""

import torch.nn.functional as F
from torch import nn


class _Block(nn.Module):
    """The block in small pieces, so that each mistake replaces one of them."""

    bias = False
    strides = (True, False)

    def __init__(self, in_ch, out_ch, stride=1, zero_init=False, norm=nn.BatchNorm2d):
        super().__init__()
        self.in_ch, self.out_ch, self.stride = in_ch, out_ch, stride
        first, second = (stride if strided else 1 for strided in self.strides)
        self.norms(norm)
        self.conv1 = nn.Conv2d(in_ch, out_ch, 3, stride=first, padding=1, bias=self.bias)
        self.conv2 = nn.Conv2d(out_ch, out_ch, 3, stride=second, padding=1, bias=self.bias)
        self.shortcut = self.projection(norm) if self.projects() else None
        if zero_init:
            self.start()

    def norms(self, norm):
        self.bn1, self.bn2 = norm(self.in_ch), norm(self.out_ch)

    def projects(self):
        return self.stride != 1 or self.in_ch != self.out_ch

    def projection(self, norm):
        return nn.Conv2d(self.in_ch, self.out_ch, 1, stride=self.stride, bias=False)

    def start(self):
        nn.init.zeros_(self.conv2.weight)

    def first(self, x):
        return F.relu(self.bn1(x))

    def branch(self, h):
        return self.conv2(F.relu(self.bn2(self.conv1(h))))

    def skip(self, x, h):
        return x if self.shortcut is None else self.shortcut(h)

    def after(self, y):
        return y

    def forward(self, x):
        h = self.first(x)
        return self.after(self.skip(x, h) + self.branch(h))


class relu_after(_Block):
    """You apply relu after the sum. Then the identity path is no longer clean: negative numbers do not pass. Nothing comes after the sum here."""

    def after(self, y):
        return F.relu(y)


class relu_of_the_branch(_Block):
    """You apply relu to the branch before you add it, so that it can only add. conv2 is the last thing on the branch."""

    def branch(self, h):
        return F.relu(super().branch(h))


class skip_takes_h(_Block):
    """Your skip is h = relu(bn1(x)) although the shape stays. x itself has to pass, that is the idea of the block; only a projection takes h."""

    def skip(self, x, h):
        return h if self.shortcut is None else self.shortcut(h)


class projection_takes_x(_Block):
    """Your projection takes x. Where the shape changes, the paper projects h = relu(bn1(x)), so that norm and relu are shared with the branch."""

    def skip(self, x, h):
        return x if self.shortcut is None else self.shortcut(x)


class convolution_first(_Block):
    """You begin with the convolution, as in BasicBlock. Here norm and relu come first: pre-activation."""

    def norms(self, norm):
        self.bn1, self.bn2 = norm(self.out_ch), norm(self.out_ch)

    def first(self, x):
        return x

    def branch(self, h):
        return self.bn2(self.conv2(F.relu(self.bn1(self.conv1(h)))))


class relu_before_norm(_Block):
    """You apply relu before the norm. The order is norm, relu, convolution, in both stages."""

    def first(self, x):
        return self.bn1(F.relu(x))

    def branch(self, h):
        return self.conv2(self.bn2(F.relu(self.conv1(h))))


class no_first_relu(_Block):
    """There is no relu behind bn1. Both norms are followed by one."""

    def first(self, x):
        return self.bn1(x)


class no_second_relu(_Block):
    """There is no relu behind bn2, so your two convolutions are one linear map, apart from the norm."""

    def branch(self, h):
        return self.conv2(self.bn2(self.conv1(h)))


class no_norms(_Block):
    """You make the norms but do not use them."""

    def first(self, x):
        return F.relu(x)

    def branch(self, h):
        return self.conv2(F.relu(self.conv1(h)))


class no_skip(_Block):
    """You do not add the skip."""

    def forward(self, x):
        return self.branch(self.first(x))


class branch_takes_x(_Block):
    """Your branch starts from x, and h is used for nothing but the projection. conv1 takes h."""

    def forward(self, x):
        h = self.first(x)
        return self.skip(x, h) + self.branch(x)


class stride_in_both(_Block):
    """Both your convolutions have the stride, so the branch shrinks twice. Only conv1 has it."""

    strides = (True, True)


class stride_in_the_second(_Block):
    """The stride is in conv2. The first convolution has it, and the second sees the small map."""

    strides = (False, True)


class bias_kept(_Block):
    """Your convolutions have a bias. The exercise asks for none: bn2 would take that of conv1 away again, and the norm of the next block that of conv2."""

    bias = True


class one_norm_for_both(_Block):
    """You use one norm in two places where the numbers of channels agree. Each place has its own statistics, weight and bias."""

    def norms(self, norm):
        super().norms(norm)
        if self.in_ch == self.out_ch:
            self.bn2 = self.bn1


class first_norm_of_out_channels(_Block):
    """Your bn1 has out_ch channels. It stands in front of the first convolution, where there are still in_ch."""

    def norms(self, norm):
        self.bn1, self.bn2 = norm(self.out_ch), norm(self.out_ch)


class always_batch_norm(_Block):
    """You build nn.BatchNorm2d whatever norm is. Call norm with the number of channels, so that group norm or none can take its place."""

    def __init__(self, in_ch, out_ch, stride=1, zero_init=False, norm=nn.BatchNorm2d):
        super().__init__(in_ch, out_ch, stride, zero_init)


class projection_with_norm(_Block):
    """Your projection has a norm. h is normalized already, so the paper puts none on this shortcut."""

    def projection(self, norm):
        return nn.Sequential(super().projection(norm), norm(self.out_ch))


class projection_with_bias(_Block):
    """Your projection has a bias. All convolutions of the block are without."""

    def projection(self, norm):
        return nn.Conv2d(self.in_ch, self.out_ch, 1, stride=self.stride)


class projection_without_stride(_Block):
    """Your projection has no stride, so it stays larger than the branch. Give it the stride of conv1."""

    def projection(self, norm):
        return nn.Conv2d(self.in_ch, self.out_ch, 1, bias=False)


class always_projects(_Block):
    """You project in every block. Where the shape stays, x itself passes."""

    def projects(self):
        return True


class projection_for_channels_only(_Block):
    """You project only where the number of channels changes. A stride changes the shape as well."""

    def projects(self):
        return self.in_ch != self.out_ch


class projection_for_stride_only(_Block):
    """You project only where there is a stride. Another number of channels does not fit either."""

    def projects(self):
        return self.stride != 1


class zero_init_of_the_norm(_Block):
    """Your zero_init sets the weight of bn2 to 0. The block is the identity then, but its relu sits at 0 with slope 0: every gradient of the block is exactly 0, for ever. Zero conv2 instead."""

    def start(self):
        if hasattr(self.bn2, "weight"):
            nn.init.zeros_(self.bn2.weight)


class zero_init_of_both(_Block):
    """Your zero_init sets both convolutions to 0. Then neither gets a gradient, as each is multiplied by the other: only conv2."""

    def start(self):
        nn.init.zeros_(self.conv1.weight)
        nn.init.zeros_(self.conv2.weight)


class zero_init_of_conv1(_Block):
    """Your zero_init sets conv1 to 0. Then bn2 sees nothing but zeros, its relu sits at 0, and neither convolution gets a gradient: the last layer of the branch, conv2, is the one to start at 0."""

    def start(self):
        nn.init.zeros_(self.conv1.weight)


class zero_init_ignored(_Block):
    """You do not look at zero_init. With it the weights of conv2 start at 0."""

    def start(self):
        pass


class always_zero(_Block):
    """Your conv2 starts at 0 also without zero_init. It is an option, and off by default."""

    def __init__(self, in_ch, out_ch, stride=1, zero_init=False, norm=nn.BatchNorm2d):
        super().__init__(in_ch, out_ch, stride, True, norm)


class nearly_zero(_Block):
    """Your zero_init makes conv2 small. Only zero gives the identity bit for bit."""

    def start(self):
        nn.init.constant_(self.conv2.weight, 1e-3)


class other_names(_Block):
    """Your layers have other names than the exercise gives them, so weights of another PreActBlock do not load. Call them bn1, conv1, bn2 and conv2."""

    def __init__(self, in_ch, out_ch, stride=1, zero_init=False, norm=nn.BatchNorm2d):
        super().__init__(in_ch, out_ch, stride, zero_init, norm)
        layers = [self.bn1, self.conv1, self.bn2, self.conv2]
        del self.bn1, self.conv1, self.bn2, self.conv2
        self.layers = nn.ModuleList(layers)

    def forward(self, x):
        bn1, conv1, bn2, conv2 = self.layers
        h = F.relu(bn1(x))
        return self.skip(x, h) + conv2(F.relu(bn2(conv1(h))))
