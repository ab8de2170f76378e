using Sealer.Delivery;
using Sealer.Events;

namespace Sealer.Tests.Delivery;

public sealed class HostWaitsTests
{
    [Fact]
    public async Task A_host_that_does_not_answer_is_told_until_it_does()
    {
        var told = new TaskCompletionSource<ProgressEvent>();
        var lines = new List<ProgressEvent>();
        var events = new Immediate(line =>
        {
            lock (lines)
                lines.Add(line);
            if (line.Status!.StartsWith("for ", StringComparison.Ordinal))
                told.TrySetResult(line);
        });
        await using (var waits = new HostWaits("Asking", events))
        {
            var slow = new TaskCompletionSource();
            var asked = waits.WithAsync("slow", () => slow.Task);
            await waits.WithAsync("fast", () => Task.CompletedTask);
            var line = await told.Task;
            Assert.Equal(("Asking", "slow"), (line.Activity, line.Item));
            slow.SetResult();
            await asked;
        }

        Assert.Equal([("fast", 1L), ("slow", 1L)], lines.Where(line => line.Done == line.Total).Select(line => (line.Item, line.Done)));
        Assert.Equal(["begun", "done"], lines.Where(line => line.Item == "fast").Select(line => line.Status));
    }

    private sealed class Immediate(Action<ProgressEvent> action) : IProgress<SealerEvent>
    {
        public void Report(SealerEvent value) => action((ProgressEvent)value);
    }
}
