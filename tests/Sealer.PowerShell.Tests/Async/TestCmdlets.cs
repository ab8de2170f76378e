using System.Management.Automation;
using Sealer.Events;

namespace Sealer.PowerShell.Tests.Async;

/// <summary>Writes numbers from another thread, and keeps how far it got.</summary>
[Cmdlet(VerbsCommon.Get, "Number")]
public sealed class GetNumber : AsyncCmdlet
{
    [Parameter]
    public int[] Written { get; set; } = [0];

    [Parameter]
    public TaskCompletionSource? Ended { get; set; }

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        try
        {
            for (var i = 1; i <= 1000; i++)
            {
                await Task.Yield();
                await WriteAsync(i);
                Written[0] = i;
            }
        }
        finally
        {
            Ended?.TrySetResult();
        }
    }
}

/// <summary>Waits until it is stopped.</summary>
[Cmdlet(VerbsLifecycle.Wait, "Stop")]
public sealed class WaitStop : AsyncCmdlet
{
    [Parameter]
    public TaskCompletionSource Started { get; set; } = new();

    [Parameter]
    public TaskCompletionSource<string> Ended { get; set; } = new();

    [Parameter]
    public TaskCompletionSource Disposed { get; set; } = new();

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        Disposed.TrySetResult();
    }

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        Started.TrySetResult();
        try
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
        catch (OperationCanceledException e)
        {
            Ended.TrySetResult(e.GetType().Name);
            throw;
        }
    }
}

/// <summary>Fails on some inputs, and at the end where told to.</summary>
[Cmdlet(VerbsDiagnostic.Test, "Input")]
public sealed class TestInput : AsyncCmdlet
{
    [Parameter(ValueFromPipeline = true)]
    public int Value { get; set; }

    [Parameter]
    public SwitchParameter FailAtEnd { get; set; }

    [Parameter]
    public SwitchParameter Crash { get; set; }

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        if (Crash)
            throw new InvalidOperationException("a defect");
        if (Value == 0)
            throw new AggregateException(NoEven(), new IOException("disk"));
        if (Value % 2 == 0)
            throw NoEven();
        await WriteAsync(Value);
    }

    private protected override Task EndAsync(CancellationToken cancellationToken) =>
        FailAtEnd ? throw new SealerException("AtEnd", ErrorKind.Connection, "The end failed.") : Task.CompletedTask;

    private SealerException NoEven() => new("NoEven", ErrorKind.NotFound, $"{Value} is even. Give an odd number.", Value);
}

/// <summary>Asks, tells and shows.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "Everything", SupportsShouldProcess = true)]
public class InvokeEverything : AsyncCmdlet
{
    private protected override TimeSpan ProgressDelay => TimeSpan.Zero;

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(
            () =>
            {
                for (var done = 0L; done <= 1000; done++)
                    Engine.Report(new ProgressEvent("Pulling", $"layer {i}", done * 1024, 1000 * 1024));
            },
            cancellationToken)));
        Engine.Report(new DetailEvent("A detail."));
        Engine.Report(new WarningEvent("A warning."));
        if (await ShouldProcessAsync("the image", "Remove"))
            await WriteAsync(await ShouldContinueAsync("Really?", "Caption"));
    }
}

/// <summary>Does the same, and never long enough to tell.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "Briefly", SupportsShouldProcess = true)]
public sealed class InvokeBriefly : InvokeEverything
{
    private protected override TimeSpan ProgressDelay => TimeSpan.MaxValue;
}

/// <summary>Tells more than a pipeline that is busy meanwhile could take; writes whether it was all told.</summary>
[Cmdlet(VerbsCommunications.Write, "Much")]
public sealed class WriteMuch : AsyncCmdlet
{
    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        using var told = new ManualResetEventSlim();
        var all = OnPipeline(() => told.Wait(TimeSpan.FromSeconds(5)));
        for (var i = 0; i < 5 * PipelinePump.MaxPosted; i++)
            Engine.Report(new DetailEvent("A detail."));
        told.Set();
        await WriteAsync(await all);
    }
}

/// <summary>Another module's command of the name of one of ours.</summary>
[Cmdlet(VerbsCommon.Get, "ClusterImage")]
public sealed class GetForeignClusterImage : PSCmdlet
{
    protected override void EndProcessing() => WriteObject("theirs");
}
