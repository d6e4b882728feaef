"""Believable wrong answers to Bottleneck. Each docstring is what a good tutor would say."""

import torch.nn.functional as F
from torch import nn


class _Block(nn.Module):
    """The block in small pieces, so that each mistake replaces one of them."""

    bias = False
    strided = 2
    padding = 1

    def __init__(self, in_ch, mid, stride=1, expansion=4, norm=nn.BatchNorm2d):
        super().__init__()
        self.check(mid, expansion)
        self.in_ch, self.mid, self.stride, self.expansion = in_ch, mid, stride, expansion
        self.out = mid * expansion
        s = [stride if number == self.strided else 1 for number in (1, 2, 3)]
        self.build(s)
        self.norms(norm)
        self.shortcut = self.projection(norm) if self.projects() else None

    def check(self, mid, expansion):
        if mid < 1:
            raise ValueError("mid must be at least 1")
        if expansion < 1:
            raise ValueError("expansion must be at least 1")

    def build(self, s):
        self.conv1 = nn.Conv2d(self.in_ch, self.mid, 1, stride=s[0], bias=self.bias)
        self.conv2 = nn.Conv2d(self.mid, self.mid, 3, stride=s[1], padding=self.padding, bias=self.bias)
        self.conv3 = nn.Conv2d(self.mid, self.out, 1, stride=s[2], bias=self.bias)

    def norms(self, norm):
        self.bn1, self.bn2, self.bn3 = norm(self.mid), norm(self.mid), norm(self.out)

    def projects(self):
        return self.stride != 1 or self.in_ch != self.out

    def projection(self, norm):
        return nn.Sequential(nn.Conv2d(self.in_ch, self.out, 1, stride=self.stride, bias=False), norm(self.out))

    def skip(self, x):
        return x if self.shortcut is None else self.shortcut(x)

    def branch(self, x):
        h = F.relu(self.bn1(self.conv1(x)))
        h = F.relu(self.bn2(self.conv2(h)))
        return self.bn3(self.conv3(h))

    def forward(self, x):
        return F.relu(self.branch(x) + self.skip(x))


class stride_in_the_first(_Block):
    """Your stride is in the first 1x1 convolution, as in the paper. There three of four pixels are never looked at; here it is in the 3x3, as in torchvision."""

    strided = 1


class stride_in_the_last(_Block):
    """Your stride is in the last convolution. It belongs to the 3x3 one, so that the last works on the small map."""

    strided = 3


class stride_in_first_and_second(_Block):
    """Two of your convolutions have the stride, so the branch shrinks twice and no longer fits the shortcut. Only conv2 has it."""

    def build(self, s):
        super().build([self.stride, self.stride, 1])


class expansion_ignored(_Block):
    """Your output has mid channels. The last convolution widens to mid * expansion."""

    def build(self, s):
        self.out = self.mid
        super().build(s)


class expansion_of_four(_Block):
    """You widen by 4 whatever expansion is. It is an argument: mid * expansion."""

    def build(self, s):
        self.out = 4 * self.mid
        super().build(s)


class mid_divided(_Block):
    """You take mid for the number of channels that come out, and divide it by expansion for the inside. Inside there are mid, outside mid * expansion."""

    def build(self, s):
        self.out, self.mid = self.mid, max(1, self.mid // self.expansion)
        super().build(s)


class wide_in_the_middle(_Block):
    """You widen in the first convolution, and the 3x3 works on mid * expansion channels. The middle is narrow, that saves the work."""

    def build(self, s):
        self.mid = self.out
        super().build(s)


class no_first_relu(_Block):
    """There is no relu behind bn1. All but the last of the three stages end with one."""

    def branch(self, x):
        h = F.relu(self.bn2(self.conv2(self.bn1(self.conv1(x)))))
        return self.bn3(self.conv3(h))


class no_second_relu(_Block):
    """There is no relu behind bn2. All but the last of the three stages end with one."""

    def branch(self, x):
        h = F.relu(self.bn1(self.conv1(x)))
        return self.bn3(self.conv3(self.bn2(self.conv2(h))))


class no_relu_between(_Block):
    """There is no relu between your convolutions. Three linear maps in a row are one linear map."""

    def branch(self, x):
        return self.bn3(self.conv3(self.bn2(self.conv2(self.bn1(self.conv1(x))))))


class relu_before_the_sum(_Block):
    """You apply relu behind bn3, before the sum, and not after it. Then the branch can only add: first the sum, then relu."""

    def forward(self, x):
        return F.relu(self.branch(x)) + self.skip(x)


class relu_before_and_after(_Block):
    """You apply relu behind bn3 as well. The branch may take away: only the sum gets a relu."""

    def forward(self, x):
        return F.relu(F.relu(self.branch(x)) + self.skip(x))


class no_relu_after(_Block):
    """You left out the relu after the sum."""

    def forward(self, x):
        return self.branch(x) + self.skip(x)


class no_skip(_Block):
    """You do not add x. Without the skip these are three convolutions in a row."""

    def forward(self, x):
        return F.relu(self.branch(x))


class norm_after_relu(_Block):
    """You normalize after the relu. In this block the order is convolution, norm, relu."""

    def branch(self, x):
        h = self.bn1(F.relu(self.conv1(x)))
        h = self.bn2(F.relu(self.conv2(h)))
        return self.bn3(self.conv3(h))


class last_norm_left_out(_Block):
    """Your bn3 is made but not used. Every convolution is followed by its norm, the last one, too."""

    def branch(self, x):
        h = F.relu(self.bn1(self.conv1(x)))
        return self.conv3(F.relu(self.bn2(self.conv2(h))))


class no_padding(_Block):
    """Your 3x3 convolution has no padding, so the branch loses a pixel at each side and no longer fits x. padding=1 keeps the size."""

    padding = 0


class padding_in_the_1x1(_Block):
    """Your padding is in a 1x1 convolution. It is the 3x3 one that loses a pixel at each side."""

    padding = 0

    def build(self, s):
        super().build(s)
        self.conv1.padding = (1, 1)


class bias_kept(_Block):
    """Your convolutions have a bias. The norm behind them takes any constant away again, so it is a parameter for nothing: bias=False."""

    bias = True


class three_by_three_only(_Block):
    """All your convolutions are 3x3. The first and the last are 1x1: they only change the number of channels, and cost a ninth."""

    def build(self, s):
        self.conv1 = nn.Conv2d(self.in_ch, self.mid, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(self.mid, self.mid, 3, stride=s[1], padding=1, bias=False)
        self.conv3 = nn.Conv2d(self.mid, self.out, 3, padding=1, bias=False)


class one_norm_inside(_Block):
    """You use one norm behind conv1 and conv2. Each place has its own statistics, weight and bias: call norm for each."""

    def norms(self, norm):
        super().norms(norm)
        self.bn2 = self.bn1


class always_batch_norm(_Block):
    """You build nn.BatchNorm2d whatever norm is. Call norm with the number of channels, so that group norm or none can take its place."""

    def __init__(self, in_ch, mid, stride=1, expansion=4, norm=nn.BatchNorm2d):
        super().__init__(in_ch, mid, stride, expansion)


class compares_with_mid(_Block):
    """You project where in_ch differs from mid. What comes out has mid * expansion channels: compare with those."""

    def projects(self):
        return self.stride != 1 or self.in_ch != self.mid


class always_projects(_Block):
    """You project in every block. Where the shape stays, x itself passes."""

    def projects(self):
        return True


class projection_for_stride_only(_Block):
    """You project only where there is a stride. The first block of a net has other channels, too."""

    def projects(self):
        return self.stride != 1


class projection_for_channels_only(_Block):
    """You project only where the number of channels changes. A stride changes the shape as well."""

    def projects(self):
        return self.in_ch != self.out


class projection_from_the_middle(_Block):
    """Your projection takes what is behind the first convolution. The shortcut starts at x, so that it goes around all three."""

    def projection(self, norm):
        return nn.Sequential(nn.Conv2d(self.mid, self.out, 1, stride=self.stride, bias=False), norm(self.out))

    def skip(self, x):
        return x if self.shortcut is None else self.shortcut(F.relu(self.bn1(self.conv1(x))))


class projection_without_norm(_Block):
    """Your projection has no norm. The branch comes out normalized, and so should the shortcut."""

    def projection(self, norm):
        return nn.Sequential(nn.Conv2d(self.in_ch, self.out, 1, stride=self.stride, bias=False))


class projection_without_stride(_Block):
    """Your projection has no stride, so it stays larger than the branch. Give it the stride of conv2."""

    def projection(self, norm):
        return nn.Sequential(nn.Conv2d(self.in_ch, self.out, 1, bias=False), norm(self.out))


class nothing_checked(_Block):
    """You accept any mid and expansion. Below 1 there is no block: ValueError, naming the argument."""

    def check(self, mid, expansion):
        pass


class mid_not_checked(_Block):
    """You check expansion but not mid. A block without channels inside is no block: ValueError, naming mid."""

    def check(self, mid, expansion):
        if expansion < 1:
            raise ValueError("expansion must be at least 1")


class expansion_not_checked(_Block):
    """You check mid but not expansion. Without channels nothing comes out: ValueError, naming expansion."""

    def check(self, mid, expansion):
        if mid < 1:
            raise ValueError("mid must be at least 1")


class other_names(_Block):
    """Your layers have other names than the exercise gives them, so weights of another Bottleneck do not load. Call them conv1, bn1 and so on."""

    def norms(self, norm):
        super().norms(norm)
        layers = [self.conv1, self.bn1, self.conv2, self.bn2, self.conv3, self.bn3]
        del self.conv1, self.bn1, self.conv2, self.bn2, self.conv3, self.bn3
        self.layers = nn.ModuleList(layers)

    def branch(self, x):
        conv1, bn1, conv2, bn2, conv3, bn3 = self.layers
        return bn3(conv3(F.relu(bn2(conv2(F.relu(bn1(conv1(x))))))))
