using Sealer.Events;
using Sealer.Images;
using Sealer.Images.Archives;
using Sealer.Images.Building;
using Sealer.Images.Storage;

namespace Sealer.Tests;

/// <summary>Run as a program: what tests want done by another process, mostly so that they can kill it.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        switch (args)
        {
            // An archive from standard input into a store.
            case ["import", var store]:
                await ArchiveImport.ImportAsync(Console.OpenStandardInput(), "import", ImageStore.Open(store), new(), null, default);
                return 0;

            // An archive into a store, under many names.
            case ["import", var store, var archive, var names]:
                var opened = ImageStore.Open(store);
                var image = (await ArchiveImport.ImportAsync(archive, opened, new(), null, default))[0];
                for (var i = 0; i < 10; i++)
                    await opened.TagAsync(ImageReference.Parse($"{names}:v{i}"), image.Descriptor, default);
                return 0;

            // Holds a lease until standard input ends.
            case ["lease", var store]:
                using (ImageStore.Open(store).Lease())
                {
                    Console.WriteLine("held");
                    await Console.In.ReadToEndAsync();
                }

                return 0;
            // Builds a folder, and stops in the middle of a layer until it is killed.
            case ["build", var store, var context, var item]:
                var options = new BuildOptions { ContextFolder = context, Tags = [ImageReference.Parse("test:v1")] };
                await new ClusterImageBuilder(ImageStore.Open(store), _ => throw new NotSupportedException(), new StopAt(item)).BuildAsync(options, default);
                return 0;
            default:
                return 2;
        }
    }
    private sealed class StopAt(string item) : IProgress<SealerEvent>
    {
        public void Report(SealerEvent value)
        {
            if (value is not ProgressEvent progress || progress.Item != item)
                return;
            Console.WriteLine("in the middle");
            Thread.Sleep(Timeout.Infinite);
        }
    }
}
