using System.Management.Automation;
using Sealer.Events;

namespace Sealer.PowerShell;

/// <summary>
/// A cmdlet whose work is asynchronous. The work runs beside the pipeline's thread and reaches the pipeline through the
/// methods below, which may be called from any thread. Ctrl+C cancels the token the work is given.
/// </summary>
public abstract class AsyncCmdlet : PSCmdlet, IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ProgressLines _progress;
    private volatile PipelinePump? _pump;
    private volatile bool _tellsDetails;

    private protected AsyncCmdlet()
    {
        _progress = new ProgressLines(record => _pump?.PostAtOnce(() => WriteProgress(record)), ProgressDelay);
        Engine = new EventSink(this);
    }

    /// <summary>How long something must take to have a progress line.</summary>
    private protected virtual TimeSpan ProgressDelay => TimeSpan.FromMilliseconds(500);

    /// <summary>Where the engine tells what it does: becomes progress, warnings and verbose output.</summary>
    private protected IProgress<SealerEvent> Engine { get; }

    /// <summary>True once an error was written.</summary>
    private protected bool HasFailed { get; set; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Lets go of what the cmdlet holds, when the pipeline is over.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
            _stop.Dispose();
    }

    /// <summary>Before the first input. What is thrown here ends the cmdlet.</summary>
    private protected virtual Task BeginAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>One input. An error a user can act on is written, and the next input follows.</summary>
    private protected virtual Task ProcessAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>After the last input. What is thrown here ends the cmdlet.</summary>
    private protected virtual Task EndAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    protected sealed override void BeginProcessing()
    {
        _tellsDetails = TellsDetails();
        Run(BeginAsync, terminating: true);
    }

    /// <inheritdoc/>
    protected sealed override void ProcessRecord() => Run(ProcessAsync, terminating: false);

    /// <inheritdoc/>
    protected sealed override void EndProcessing() => Run(EndAsync, terminating: true);

    /// <inheritdoc/>
    protected sealed override void StopProcessing() => _stop.Cancel();

    /// <summary>Hands an object on; ends when the rest of the pipeline has dealt with it.</summary>
    private protected Task WriteAsync(object? value, bool enumerate = false) => OnPipeline(() => WriteObject(value, enumerate));

    /// <summary>Writes a non-terminating error.</summary>
    private protected Task WriteErrorAsync(Exception exception)
    {
        HasFailed = true;
        return OnPipeline(() => WriteError(Errors.ToRecord(exception)));
    }

    // What is told may quote strangers: a host's file, an image's template.
    /// <summary>Writes a warning.</summary>
    private protected Task WarnAsync(string message) => OnPipeline(() => WriteWarning(PlainText.Of(message)));

    /// <summary>Says something to who sits before the screen, or reads the log; it is no result.</summary>
    private protected Task ShowAsync(string line) =>
        OnPipeline(() => WriteInformation(new HostInformationMessage { Message = PlainText.Of(line) }, ["PSHOST"]));

    /// <summary>Asks whether to go on, as -WhatIf and -Confirm wish.</summary>
    private protected Task<bool> ShouldProcessAsync(string target, string action) => OnPipeline(() => ShouldProcess(PlainText.Of(target), PlainText.Of(action)));

    /// <summary>As above, with whole sentences: what -WhatIf says, what -Confirm asks, and its caption.</summary>
    private protected Task<bool> ShouldProcessAsync(string description, string question, string caption) =>
        OnPipeline(() => ShouldProcess(PlainText.Of(description), PlainText.Of(question), caption));

    /// <summary>Asks a question that only -Force answers beforehand.</summary>
    private protected Task<bool> ShouldContinueAsync(string question, string caption) => OnPipeline(() => ShouldContinue(PlainText.Of(question), caption));

    /// <summary>
    /// Hands an object on some time soon, in the order of calls: for what comes faster than it is awaited. Waits where the pipeline
    /// is far behind.
    /// </summary>
    private protected void Post(object value) => _pump?.Post(() => WriteObject(value));

    /// <summary>Does something on the pipeline's thread.</summary>
    private protected Task<T> OnPipeline<T>(Func<T> action) =>
        (_pump ?? throw new PipelineStoppedException()).Invoke(action);

    /// <summary>Does something on the pipeline's thread.</summary>
    private protected Task OnPipeline(Action action) => OnPipeline(() =>
    {
        action();
        return true;
    });

    /// <summary>The full path of what a user gave as a path: relative to the current location, drives understood.</summary>
    /// <exception cref="SealerException"><c>NotAFilePath</c>: a place that is no file system.</exception>
    private protected string FullPath(string path)
    {
        var full = SessionState.Path.GetUnresolvedProviderPathFromPSPath(path, out var provider, out _);
        return provider.Name == "FileSystem"
            ? full
            : throw new SealerException(
                "NotAFilePath", ErrorKind.InvalidInput, $"'{path}' is a place of {provider.Name}. Give a path of the file system.", path);
    }

    /// <summary>The full paths that a pattern matches; of a name that is no pattern itself, whether it is there or not.</summary>
    private protected IReadOnlyList<string> FullPaths(string path, bool literal)
    {
        if (literal || !WildcardPattern.ContainsWildcardCharacters(path))
            return [FullPath(path)];
        var paths = SessionState.Path.GetResolvedProviderPathFromPSPath(path, out _);
        if (paths.Count == 0)
            WriteWarning($"Nothing matches '{path}' in '{SessionState.Path.CurrentLocation}'.");
        return paths;
    }

    // What PowerShell would throw away need not wait for it: RUN may write more than memory holds. -Debug shows details too.
    private bool TellsDetails()
    {
        var given = MyInvocation.BoundParameters;
        if (given.TryGetValue("Debug", out var debug) && debug is SwitchParameter { IsPresent: true })
            return true;
        if (given.TryGetValue("Verbose", out var verbose) && verbose is SwitchParameter wanted)
            return wanted.IsPresent;
        return !LanguagePrimitives.TryConvertTo(GetVariableValue("VerbosePreference"), out ActionPreference preference)
            || preference is not (ActionPreference.SilentlyContinue or ActionPreference.Ignore);
    }

    private void Run(Func<CancellationToken, Task> phase, bool terminating)
    {
        using var pump = new PipelinePump();
        _pump = pump;
        try
        {
            pump.Run(token => GuardAsync(phase, terminating, token), _stop);
        }
        catch (Exception e) when (Errors.IsUsers(e))
        {
            ThrowTerminatingError(Errors.ToRecord(e));
        }
        finally
        {
            _pump = null;
            _progress.Clear();
        }
    }

    private async Task GuardAsync(Func<CancellationToken, Task> phase, bool terminating, CancellationToken cancellationToken)
    {
        try
        {
            await phase(cancellationToken);
            _progress.Complete();
        }
        catch (Exception e) when (!terminating && !cancellationToken.IsCancellationRequested && Errors.IsUsers(e))
        {
            _progress.Complete();
            foreach (var error in Errors.Each(e))
                await WriteErrorAsync(error);
        }
    }

    private sealed class EventSink(AsyncCmdlet cmdlet) : IProgress<SealerEvent>
    {
        public void Report(SealerEvent value)
        {
            switch (value)
            {
                case ProgressEvent progress:
                    cmdlet._progress.Report(progress);
                    break;
                case WarningEvent warning:
                    cmdlet._pump?.Post(() => cmdlet.WriteWarning(PlainText.Of(warning.Message)));
                    break;
                case DetailEvent detail when cmdlet._tellsDetails:
                    cmdlet._pump?.Post(() => cmdlet.WriteVerbose(PlainText.Of(detail.Message)));
                    break;
            }
        }
    }
}
