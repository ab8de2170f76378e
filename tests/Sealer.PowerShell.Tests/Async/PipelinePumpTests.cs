using System.Management.Automation;

namespace Sealer.PowerShell.Tests.Async;

public sealed class PipelinePumpTests : IDisposable
{
    private readonly PipelinePump _pump = new();
    private readonly CancellationTokenSource _stop = new();

    public void Dispose()
    {
        _pump.Dispose();
        _stop.Dispose();
    }

    [Fact]
    public void Whoever_posts_more_than_the_pipeline_takes_waits()
    {
        var (posted, served, ranAhead) = (0, 0, true);
        _pump.Run(
            _ =>
            {
                for (var i = 0; i < 5 * PipelinePump.MaxPosted; i++)
                {
                    _pump.Post(Serve);
                    Volatile.Write(ref posted, i + 1);
                }

                return Task.CompletedTask;
            },
            _stop);
        Assert.False(ranAhead);
        Assert.Equal(5 * PipelinePump.MaxPosted, served);

        void Serve()
        {
            if (served++ == 0)
                ranAhead = SpinWait.SpinUntil(() => Volatile.Read(ref posted) > 2 * PipelinePump.MaxPosted, TimeSpan.FromMilliseconds(300));
        }
    }

    [Fact]
    public async Task Whoever_waits_to_post_is_let_go_when_the_pipeline_is_stopped()
    {
        var ended = new TaskCompletionSource();
        var posted = 0;
        Assert.Throws<PipelineStoppedException>(() => _pump.Run(
            _ =>
            {
                for (; posted < 5 * PipelinePump.MaxPosted; posted++)
                    _pump.Post(Stop);
                ended.SetResult();
                return Task.CompletedTask;
            },
            _stop));
        await ended.Task;

        void Stop()
        {
            SpinWait.SpinUntil(() => Volatile.Read(ref posted) >= PipelinePump.MaxPosted);
            _stop.Cancel();
        }
    }

    [Fact]
    public void Whoever_waits_to_post_is_let_go_when_the_pipeline_fails()
    {
        var posted = 0;
        Assert.Throws<InvalidOperationException>(() => _pump.Run(
            _ =>
            {
                for (; posted < 5 * PipelinePump.MaxPosted; posted++)
                    _pump.Post(Fail);
                return Task.CompletedTask;
            },
            _stop));
        Assert.Equal(5 * PipelinePump.MaxPosted, posted);

        void Fail()
        {
            SpinWait.SpinUntil(() => Volatile.Read(ref posted) >= PipelinePump.MaxPosted);
            throw new InvalidOperationException();
        }
    }

    [Fact]
    public void The_pipelines_own_thread_does_not_wait_for_itself()
    {
        var served = 0;
        _pump.Run(
            _ => _pump.Invoke(() =>
            {
                for (var i = 0; i < 3 * PipelinePump.MaxPosted; i++)
                    _pump.Post(() => served++);
                return true;
            }),
            _stop);
        Assert.Equal(3 * PipelinePump.MaxPosted, served);
    }
}
