using System.Diagnostics;
using Sealer.Delivery;
using Sealer.Events;
using Sealer.Planning;

namespace Sealer.Tests.Delivery.UnhappyDays;

/// <summary>A controller of real hosts, in a process of its own, that dies of kill -9 on its way.</summary>
internal static class DyingDelivery
{
    /// <param name="folder">The day's.</param>
    /// <param name="store">Where the image is.</param>
    /// <param name="where"><c>journal</c>: once so many entries are on this machine's disk; <c>copy</c>: once so many bytes have come to a host.</param>
    /// <param name="when">So many.</param>
    public static async Task<int> RunAsync(string folder, string store, string where, int when)
    {
        var plan = PlanFile.Load(Path.Combine(folder, "plan.json"));
        var journal = Path.Combine(folder, "home", "clusters", plan.Cluster, $"journal-{plan.Id}");
        var content = new ImageContentOptions { BandwidthLimit = where == "copy" ? UnhappyDay.SlowUplink : null };
        if (where == "journal")
            new Thread(() => DieAt(journal, when)) { IsBackground = true, Priority = ThreadPriority.Highest }.Start();
        var result = await UnhappyDay.WithAsync(
            folder, store, new DeliveryOptions(), content, where == "copy" ? new DieAtBytes(when) : null, "home", delivery => delivery.CarryOutAsync(plan));
        return result.Succeeded ? 0 : 1;
    }

    private static void DieAt(string journal, int entries)
    {
        while (!File.Exists(journal) || Lines(journal) < entries)
            Thread.Sleep(1);
        Die();
    }

    private static int Lines(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Count(c => c == '\n');
    }

    private static void Die()
    {
        Process.GetCurrentProcess().Kill();
        Thread.Sleep(Timeout.Infinite);
    }

    private sealed class DieAtBytes(long bytes) : IProgress<SealerEvent>
    {
        public void Report(SealerEvent value)
        {
            if (value is StepProgressEvent progress && progress.Done >= bytes)
                Die();
        }
    }
}
