"""PyTorch's side. usage: python torch_peer.py THREADS [DEVICE [WAY]]

Answers each line {"work": name, "details": {...}} by running that work once, as `serve.ts` does for Node. Of the ways to
run a work (memory layouts; compiled with constant weights, for inference) the fastest is found when it is prepared, unless
one is asked for.
"""

import json
import sys
import time
import warnings


def reply(message):
    print(json.dumps(message), flush=True)


try:
    import numpy
    import torch
    from torch.nn import functional as F
except ImportError as error:
    for _ in sys.stdin:
        reply({"unavailable": f"{sys.executable} has no PyTorch: {error}; give one that has by --python PATH"})
    sys.exit()

warnings.filterwarnings("ignore")
device = torch.device(sys.argv[2] if len(sys.argv) > 2 else "cpu")
if device.type == "cuda" and not torch.cuda.is_available():
    for _ in sys.stdin:
        reply({"unavailable": f"PyTorch {torch.__version__} finds no CUDA device"})
    sys.exit()
# Products in float32 like everybody else's, not in the 19 bits of TensorFloat-32.
torch.backends.cuda.matmul.allow_tf32 = False
torch.backends.cudnn.allow_tf32 = False
torch.backends.cudnn.benchmark = True


def numbers(shape, seed, scale=1.0):
    """The same numbers as numbers.ts makes (mulberry32)."""
    u = numpy.uint32
    count = int(numpy.prod(shape, dtype=numpy.int64))
    state = numpy.arange(1, count + 1, dtype=u)
    state *= u(0x6D2B79F5)
    state += u(seed * 0x9E3779B9 % 2**32)
    bits = (state ^ (state >> u(15))) * (state | u(1))
    bits = (bits + (bits ^ (bits >> u(7))) * (bits | u(61))) ^ bits
    bits ^= bits >> u(14)
    values = (bits.astype(numpy.float64) / 2**31 - 1) * scale
    return torch.from_numpy(values.astype(numpy.float32)).reshape(shape).to(device)


def sample(tensor):
    """At most 64 elements, evenly spread, as answer.ts takes them."""
    flat = tensor.detach().reshape(-1)
    count = min(64, len(flat))
    return [float(flat[i * len(flat) // count]) for i in range(count)]


class Network(torch.nn.Module):
    """A network as networks.ts describes it."""

    def __init__(self, layers, parameters):
        super().__init__()
        self.layers = layers
        self.modules_by_name = torch.nn.ModuleDict()
        for layer in layers:
            if "name" in layer:
                self.modules_by_name[self.key(layer["name"])] = self.module(layer)
        with torch.no_grad():
            for parameter in parameters:
                path, _, name = parameter["name"].rpartition(".")
                value = getattr(self.modules_by_name[self.key(path)], name)
                shape, scale = parameter["shape"], parameter["scale"]
                value.copy_(torch.full(shape, scale) if parameter["constant"] else numbers(shape, parameter["seed"], scale))
        given = sum(int(numpy.prod(parameter["shape"])) for parameter in parameters)
        own = sum(parameter.numel() for parameter in self.parameters())
        if own != given:
            raise ValueError(f"the network has {own} parameters instead of {given}")
        # A layer's result is let go after its last use, as in a network of nested modules.
        last = {source: i for i, layer in enumerate(layers) for source in layer["of"]}
        self.to(device)
        self.finished = [[source for source in layer["of"] if last[source] == i] for i, layer in enumerate(layers)]

    @staticmethod
    def key(name):
        return name.replace(".", "/")

    @staticmethod
    def module(layer):
        kind = layer["kind"]
        if kind == "batchNorm":
            return torch.nn.BatchNorm2d(layer["channels"])
        inputs, outputs = layer["inputs"], layer["outputs"]
        if kind == "linear":
            return torch.nn.Linear(inputs, outputs)
        if kind == "lstm":
            return torch.nn.LSTM(inputs, outputs, layer["depth"])
        kernel, stride, padding = layer["kernel"], layer["stride"], layer["padding"]
        return torch.nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=layer["groups"], bias=layer["bias"])

    def apply_layer(self, layer, finished, x, *others):
        kind = layer["kind"]
        if "name" in layer:
            y = self.modules_by_name[self.key(layer["name"])](x)
            return y[0] if kind == "lstm" else y
        if kind == "relu":
            return F.relu(x, inplace=finished)
        if kind == "relu6":
            return F.relu6(x, inplace=finished)
        if kind == "maxPool":
            return F.max_pool2d(x, layer["size"], layer["stride"], layer["padding"])
        if kind == "globalMean":
            return F.adaptive_avg_pool2d(x, 1).flatten(1)
        if kind == "add":
            return x + others[0]
        if kind == "concatenate":
            return torch.cat([x, *others], 1)
        return x.flatten(1)

    def forward(self, x):
        results = {-1: x}
        for i, layer in enumerate(self.layers):
            finished = self.finished[i]
            # What convolutions and additions made may be overwritten; nothing else keeps it.
            results[i] = self.apply_layer(layer, bool(finished), *(results[source] for source in layer["of"]))
            for source in finished:
                results.pop(source, None)
        return results[len(self.layers) - 1]


def channels_last(x):
    return x.contiguous(memory_format=torch.channels_last)


def layouts(shape):
    """The memory layouts to try, with what brings a tensor into them."""
    return {"contiguous": lambda x: x, "channels last": channels_last} if len(shape) == 4 else {"": lambda x: x}


def compiled(function):
    return torch.compile(function, dynamic=False)


# Each kind of work gives the ways to run it by name: functions that make what runs it once and returns its results.


def matmul(work):
    a, b = (numbers([work["size"], work["size"]], seed) for seed in (1, 2))
    return {"": lambda: lambda: [a @ b]}


def convolution(work):
    batch, inputs, outputs, groups = (work[name] for name in ("batch", "inputs", "outputs", "groups"))
    shape = [batch, inputs, work["extent"], work["extent"]]

    def make(place):
        x = place(numbers(shape, 1))
        weight = place(numbers([outputs, inputs // groups, work["kernel"], work["kernel"]], 2, 0.05))

        def forward():
            return F.conv2d(x, weight, None, work["stride"], work["padding"], 1, groups)

        return with_gradients(forward, [x, weight], 3) if work["backward"] else lambda: [forward()]

    return {name: lambda place=place: make(place) for name, place in layouts(shape).items()}


def with_gradients(function, inputs, seed):
    """Runs function and the gradients of its inputs, with numbers of that seed as the result's gradient."""
    for tensor in inputs:
        tensor.requires_grad_()
    with torch.no_grad():
        y = function()
    cotangent = torch.empty_like(y).copy_(numbers(list(y.shape), seed))

    def both():
        y = function()
        return [y, *torch.autograd.grad(y, inputs, cotangent)]

    return both


def training(work):
    def make(place):
        network = Network(work["layers"], work["parameters"]).train()
        x = place(numbers(work["shape"], 1))
        if place is channels_last:
            network = network.to(memory_format=torch.channels_last)
        labels = torch.tensor([i * 7 % work["classes"] for i in range(work["labels"])], device=device)
        settings = work["optimizer"]
        if settings["kind"] == "adam":
            optimizer = torch.optim.Adam(network.parameters(), lr=settings["learningRate"])
        else:
            optimizer = torch.optim.SGD(network.parameters(), lr=settings["learningRate"], momentum=settings["momentum"])

        def step():
            optimizer.zero_grad(set_to_none=True)
            loss = F.cross_entropy(network(x).flatten(0, -2), labels)
            loss.backward()
            optimizer.step()
            return [loss]

        return step

    return {name: lambda place=place: make(place) for name, place in layouts(work["shape"]).items()}


def inference(work):
    import torch._inductor.config

    torch._inductor.config.freezing = True
    network = Network(work["layers"], work["parameters"]).eval()

    def make(place, wrap=lambda network: network):
        if place is channels_last:
            network.to(memory_format=torch.channels_last)
        x, predict = place(numbers(work["shape"], 1)), wrap(network)
        return lambda: [predict(x)]

    ways = {name: lambda place=place: make(place) for name, place in layouts(work["shape"]).items()}
    ways["channels last, compiled with constant weights"] = lambda: make(channels_last, compiled)
    return ways


def plain_and_compiled(function, work):
    """A function of one tensor that returns its results, as it is and compiled."""
    x, fused = numbers(work["shape"], 1), compiled(function)
    return {"": lambda: lambda: function(x), "compiled": lambda: lambda: fused(x)}


def chain(work):
    return plain_and_compiled(lambda x: [torch.tanh(x * 1.5 + 0.1) * torch.sigmoid(x) + torch.relu(x)], work)


def softmax(work):
    return plain_and_compiled(lambda x: [torch.softmax(x, -1)], work)


def moments(work):
    return plain_and_compiled(lambda x: torch.var_mean(x, -1, correction=0)[::-1], work)


def batch_norm(work):
    shape = work["shape"]

    def make(place, wrap=lambda function: function):
        x, weight, bias = place(numbers(shape, 1)), numbers(shape[1:2], 2), numbers(shape[1:2], 3)
        function = wrap(lambda x, weight, bias: F.batch_norm(x, None, None, weight, bias, training=True))
        return with_gradients(lambda: function(x, weight, bias), [x, weight, bias], 4)

    ways = {name: lambda place=place: make(place) for name, place in layouts(shape).items()}
    ways["compiled"] = lambda: make(lambda x: x, compiled)
    return ways


kinds = {
    "matmul": matmul,
    "convolution": convolution,
    "training": training,
    "inference": inference,
    "chain": chain,
    "softmax": softmax,
    "moments": moments,
    "batchNorm": batch_norm,
}


def milliseconds(run):
    start = time.perf_counter()
    results = run()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return (time.perf_counter() - start) * 1000, results


def prepare(work):
    """What runs the work in the fastest way, and what that is."""
    ways = kinds[work["kind"]](work)
    if len(sys.argv) > 3:
        ways = {sys.argv[3]: ways[sys.argv[3]]}
    best = None
    for name, make in ways.items():
        try:
            run = make()
            if len(ways) == 1:
                return run, name
            run()
            took = min(milliseconds(run)[0] for _ in range(3))
        except Exception as error:  # not every way goes everywhere: compiling needs a C++ compiler
            if best is None:
                raise
            print(f"{name}: {error}", file=sys.stderr)
            continue
        if best is None or took < best[0]:
            best = (took, run, name)
    _, run, name = best
    # The trial has trained the network; the measured one starts anew.
    return (ways[name]() if work["kind"] == "training" else run), name


def main():
    threads = int(sys.argv[1])
    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)
    tasks = {}
    for line in sys.stdin:
        request = json.loads(line)
        name = request["work"]
        try:
            details = request.get("details")
            needs_gradients = details["kind"] in ("training", "batchNorm") or details.get("backward") if details else tasks[name][2]
            with torch.set_grad_enabled(bool(needs_gradients)):
                if name not in tasks:
                    tasks[name] = (*prepare(details), needs_gradients)
                run, way, _ = tasks[name]
                took, results = milliseconds(run)
            answer = [value for result in results for value in sample(result)]
            note = ", ".join(filter(None, [f"PyTorch {torch.__version__}", way]))
            reply({"milliseconds": took, "answer": answer, "note": note})
        except Exception as error:
            reply({"error": f"{type(error).__name__}: {error}"})


main()
