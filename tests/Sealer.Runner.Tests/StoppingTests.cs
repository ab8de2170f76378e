using System.Net;
using System.Net.Sockets;

namespace Sealer.Runner.Tests;

/// <summary>Signals while a runbook is under way.</summary>
[Trait("Tier", "parts")]
public sealed class StoppingTests : IDisposable
{
    private readonly RunnerProcess _runner = new();

    public void Dispose() => _runner.Dispose();

    [Theory]
    [InlineData("-INT", 130), InlineData("-TERM", 143), InlineData("-HUP", 129)]
    public async Task A_signal_within_a_cmdlet_stops_it_and_lets_the_runbook_clean_up(string signal, int expected)
    {
        // A registry that takes the call and says nothing.
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var marker = Path.Combine(_runner.Folder, "cleaned");
        using var process = _runner.Start(
            RunnerProcess.Program,
            "-Command",
            $"try {{ Receive-ClusterImage 127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}/a:v1 -PlainHttp; 'never' }} finally {{ [IO.File]::WriteAllText('{marker}', '') }}; 'never'");
        using var call = await silent.AcceptTcpClientAsync().WaitAsync(TimeSpan.FromMinutes(1));

        await RunnerProcess.SignalAsync(process, signal);
        var (exitCode, output, _) = await RunnerProcess.EndAsync(process);

        Assert.Equal((expected, ""), (exitCode, output));
        Assert.True(File.Exists(marker));
    }

    [Fact]
    public async Task A_second_signal_waits_for_nothing()
    {
        using var process = _runner.Start(RunnerProcess.Program, "-Command", "'ready'; [Threading.Thread]::Sleep(600000); 'never'");
        Assert.Equal("ready", await process.StandardOutput.ReadLineAsync());

        await RunnerProcess.SignalAsync(process, "-INT");
        Assert.Equal("Stopping.", await process.StandardError.ReadLineAsync());
        Assert.False(process.HasExited);
        await RunnerProcess.SignalAsync(process, "-INT");

        Assert.Equal((130, "", ""), await RunnerProcess.EndAsync(process));
    }
}
