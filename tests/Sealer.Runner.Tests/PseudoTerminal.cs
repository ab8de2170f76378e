using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Sealer.Runner.Tests;

/// <summary>The program on a terminal, which script(1) makes: what is shown there, and somebody who types.</summary>
internal sealed partial class PseudoTerminal : IDisposable
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

    /// <summary>What is left on the screen: without colours, and without the lines that were taken away again.</summary>
    public string Left
    {
        get
        {
            var left = new StringBuilder();
            var at = 0;
            foreach (Match escape in Escape().Matches(Shown))
            {
                left.Append(Shown, at, escape.Index - at);
                at = escape.Index + escape.Length;
                if (escape.Groups["up"].Success)
                    left.Length = StartOfLine(left.ToString(), int.Parse(escape.Groups["up"].Value, CultureInfo.InvariantCulture));
            }

            return left.Append(Shown, at, Shown.Length - at).ToString();
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
        await _script.WaitForExitAsync(limit.Token).ContinueWith(
            ended => Assert.True(ended.IsCompletedSuccessfully, $"It has not ended, but shown:\n{Shown}"), TaskScheduler.Default);
        await _reading;
        return _script.ExitCode;
    }

    public void Dispose()
    {
        if (!_script.HasExited)
            _script.Kill(entireProcessTree: true);
        _script.Dispose();
    }

    private static int StartOfLine(string text, int linesUp)
    {
        var at = text.LastIndexOf('\n') + 1;
        for (; linesUp > 0; linesUp--)
            at = at < 2 ? 0 : text.LastIndexOf('\n', at - 2) + 1;
        return at;
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

    // Up with everything below erased, a colour, or what the terminal is prepared with.
    [GeneratedRegex(@"\r\x1b\[(?<up>[0-9]+)A\x1b\[J|\x1b\[[0-9;]*m|\x1b\[\?1h\x1b=")]
    private static partial Regex Escape();
}
