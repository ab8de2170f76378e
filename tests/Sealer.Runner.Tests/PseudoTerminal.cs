using System.Diagnostics;
using System.Text;

namespace Sealer.Runner.Tests;

/// <summary>The program on a terminal, which script(1) makes: what is shown there, and somebody who types.</summary>
internal sealed class PseudoTerminal : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private readonly Process _script;
    private readonly StringBuilder _shown = new();
    private readonly Task _reading;

    public PseudoTerminal(RunnerProcess runner, int columns, params string[] arguments)
    {
        var command = string.Join(' ', arguments.Prepend(RunnerProcess.Program).Select(a => $"'{a.Replace("'", "'\\''", StringComparison.Ordinal)}'"));
        _script = runner.Start("script", "-qec", $"stty cols {columns} rows 40; {command}", "/dev/null");
        _reading = ReadAsync();
    }

    /// <summary>Everything that was shown so far, escape sequences included.</summary>
    public string Shown
    {
        get
        {
            lock (_shown)
                return _shown.ToString().Replace("\r\n", "\n", StringComparison.Ordinal);
        }
    }

    public async Task WaitForAsync(string text)
    {
        var waited = Stopwatch.StartNew();
        while (!Shown.Contains(text, StringComparison.Ordinal))
        {
            Assert.True(waited.Elapsed < Patience && !_script.HasExited, $"'{text}' was not shown, but:\n{Shown}");
            await Task.Delay(50);
        }
    }

    public async Task TypeAsync(string text)
    {
        await _script.StandardInput.WriteAsync(text);
        await _script.StandardInput.FlushAsync();
    }

    public async Task<int> EndAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        await _script.WaitForExitAsync(limit.Token);
        await _reading;
        return _script.ExitCode;
    }

    public void Dispose()
    {
        if (!_script.HasExited)
            _script.Kill(entireProcessTree: true);
        _script.Dispose();
    }

    private async Task ReadAsync()
    {
        var buffer = new char[4096];
        int read;
        while ((read = await _script.StandardOutput.ReadAsync(buffer)) > 0)
        {
            lock (_shown)
                _shown.Append(buffer, 0, read);
        }
    }
}
