using System.Globalization;
using Sealer.Benchmarks;

// dotnet run -c Release --project tests/Benchmarks -- [MiB of the context] [runs]
// dotnet run -c Release --project tests/Benchmarks -- transfer [MiB] [one-0 one-1 one-10 one-50 small changed many memory]     content to hosts of a lab, all rows or those named; root
// dotnet run -c Release --project tests/Benchmarks -- copy [MiB]         one file to a host of a lab and back; root
// dotnet run -c Release --project tests/Benchmarks -- plan               a plan for 500 hosts
if (args is ["plan"])
{
    Console.WriteLine(PlanFigure.Measure(5));
    return 0;
}

if (args is ["copy", .. var copied])
{
    var folder = Directory.CreateTempSubdirectory("sealer-benchmarks-");
    try
    {
        await new CopyRows(folder.FullName, copied.Length > 0 ? int.Parse(copied[0], CultureInfo.InvariantCulture) : 512, 3, Console.WriteLine).MeasureAsync();
        return 0;
    }
    finally
    {
        folder.Delete(recursive: true);
    }
}

if (args is ["transfer", .. var wanted])
{
    var size = wanted.Length > 0 && int.TryParse(wanted[0], CultureInfo.InvariantCulture, out var given) ? given : 0;
    var names = wanted[(size > 0 ? 1 : 0)..];
    if (names.Except(TransferRows.Names).FirstOrDefault() is { } unknown)
    {
        Console.Error.WriteLine($"'{unknown}' is none of the rows: {string.Join(", ", TransferRows.Names)}.");
        return 1;
    }

    var folder = Directory.CreateTempSubdirectory("sealer-benchmarks-");
    try
    {
        await new TransferRows(folder.FullName, size > 0 ? size : 512, Console.WriteLine).MeasureAsync(names);
        return 0;
    }
    finally
    {
        folder.Delete(recursive: true);
    }
}

var mebibytes = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 1024;
var runs = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 3;
string[] peers = ["/usr/bin/time", "/usr/bin/buildah", "/usr/bin/skopeo", "/usr/bin/docker-registry"];
var missing = peers.Where(p => !File.Exists(p)).ToList();
if (missing.Count > 0)
{
    Console.Error.WriteLine($"The benchmarks measure against {string.Join(", ", missing.Select(Path.GetFileName))}: apt-get install {string.Join(' ', missing.Select(Path.GetFileName))}");
    return 1;
}

var work = Directory.CreateTempSubdirectory("sealer-benchmarks-");
try
{
    Console.WriteLine($"{Environment.ProcessorCount} cores; {runs} runs each, in turn with the peer; medians. Work folder {work.FullName} needs about {mebibytes * 12 / 1024 + 1} GiB.");
    var rows = new List<Row>();
    var runner = SealerProcess.Publish(Path.Combine(work.FullName, "runner"));
    Console.WriteLine(ImportFigure.Measure(SealerProcess.Module(runner), work.FullName, runs) ?? "Import-Module was NOT MEASURED: there is no pwsh on PATH.");
    Console.WriteLine(PlanFigure.Measure(runs));
    using (var images = new ImageRows(runner, work.FullName, mebibytes, runs, Console.WriteLine))
        rows.AddRange(images.Measure());
    Console.WriteLine();
    Console.WriteLine(Row.Header);
    rows.ForEach(Console.WriteLine);
    return 0;
}
finally
{
    work.Delete(recursive: true);
}
