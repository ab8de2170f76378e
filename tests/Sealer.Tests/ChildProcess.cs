using System.Diagnostics;

namespace Sealer.Tests;

/// <summary>This assembly as a process of its own; see <see cref="Program"/>.</summary>
internal static class ChildProcess
{
    public static Process Start(params string[] arguments)
    {
        var dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        return Process.Start(new ProcessStartInfo(dotnet, ["exec", typeof(ChildProcess).Assembly.Location, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }
}
